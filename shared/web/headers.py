"""The header set of every answer, and the reader's language, as plain ASGI middleware."""

from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web.i18n import language

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types app"
)
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def language_of(scope: Scope) -> str:
    """Read the language from the address: English where it says `lang=en`, French otherwise."""
    if not scope.get("query_string"):
        return "fr"
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return "en" if query.get("lang", [""])[-1] == "en" else "fr"


def security_headers(app: ASGIApp, https: bool = False) -> ASGIApp:
    """Add the security headers to every answer, and the language to every request; a header already set is kept.

    `https` says that people reach the site by TLS although its gateway speaks plain HTTP to us.
    """

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        token = language.set(language_of(scope))
        try:
            await app(scope, receive, _adding(scope, send, https))
        finally:
            language.reset(token)

    return guarded


def _adding(scope: Scope, send: Send, https: bool) -> Send:
    https = https or scope.get("scheme") == "https"
    signed_in = "cookie" in Headers(scope=scope)

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            _complete(headers, signed_in or "set-cookie" in headers, https)
        await send(message)

    return send_with_headers


def _complete(headers: MutableHeaders, personal: bool, https: bool) -> None:
    if "content-security-policy" not in headers:
        headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        headers.setdefault("X-Frame-Options", "DENY")
    for name, value in SECURITY.items():
        headers.setdefault(name, value)
    if https:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    headers.setdefault("Cache-Control", "no-store" if personal else "no-cache")
