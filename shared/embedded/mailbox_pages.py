"""`/courrier`: the caught mail, for whoever sits at this machine."""

import ipaddress
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.embedded import message as mail
from shared.embedded.mailbox import Caught, Mailbox, header
from shared.web.headers import CONTENT_SECURITY_POLICY
from shared.web.i18n import _
from shared.web.pages import error_page, mount_static, register_locale, register_templates, render, security_headers

PAGE = 50
LONGEST_TEXT = 200_000  # characters shown; the rest is in the file
SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
LETTER_POLICY = SANDBOX + "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
HERE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
WITH_FRAME = HERE | {"Content-Security-Policy": f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"}
APART = HERE | {"Content-Security-Policy": SANDBOX.removesuffix("; ")}

router = APIRouter(prefix="/courrier")


def mailbox_app(mailbox: Mailbox) -> FastAPI:
    """The ASGI app of the caught mail; set `app.state.settings` for the network's name on its pages."""
    register_templates(Path(__file__).parent / "templates")
    register_locale(Path(__file__).parent / "locale")
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.mailbox, app.state.settings = mailbox, None
    app.include_router(router)
    app.add_exception_handler(HTTPException, _say_it)
    app.add_exception_handler(RequestValidationError, _say_it)
    mount_static(app)
    app.add_middleware(only_from_here)
    app.add_middleware(security_headers)
    return app


@router.get("")
def messages(request: Request, q: str = "", page: int = Query(1, ge=1, le=1000)) -> HTMLResponse:
    """The list, newest first, and a search by recipient."""
    found = _mailbox(request).find(q)
    first = (page - 1) * PAGE
    shown = found[first : first + PAGE]
    return render(
        request,
        "mailbox/list.html",
        headers=HERE,
        q=q,
        shown=shown,
        total=len(found),
        first=first,
        previous=page - 1 if page > 1 else None,
        next=page + 1 if first + PAGE < len(found) else None,
    )


@router.get("/api/messages")
def messages_as_json(request: Request, to: str = "", limit: int = Query(100, ge=1, le=2000)) -> JSONResponse:
    """The same list for tests and scripts, whole messages, newest first."""
    box = _mailbox(request)
    found = box.find(to)
    items = [item for caught in found[:limit] if (item := _as_json(box, caught))]
    return JSONResponse({"items": items, "total": len(found)}, headers=HERE)


@router.get("/{id_}")
def message(request: Request, id_: str) -> HTMLResponse:
    """One message: headers, text, HTML in a frame that can do nothing, attachments."""
    box = _mailbox(request)
    caught, whole = box.caught(id_), box.read(id_)
    if caught is None or whole is None:
        return error_page(request, 404)
    text = mail.body(whole, "plain")
    return render(
        request,
        "mailbox/message.html",
        headers=WITH_FRAME,
        caught=caught,
        to=header(whole, "To"),
        paragraphs=mail.paragraphs(text[:LONGEST_TEXT]) if text is not None else None,
        is_cut=text is not None and len(text) > LONGEST_TEXT,
        has_html=mail.body(whole, "html") is not None,
        headers_received=[(name, header(whole, name)) for name in dict.fromkeys(whole.keys())],
        parts=[
            (number, mail.name_of(part, number), part.get_content_type(), len(mail.content(part)))
            for number, part in enumerate(mail.other_parts(whole))
        ],
    )


@router.get("/{id_}/html")
def message_html(request: Request, id_: str) -> Response:
    """The HTML alternative alone, without script, network or origin."""
    whole = _mailbox(request).read(id_)
    html = mail.body(whole, "html") if whole else None
    if html is None:
        return error_page(request, 404)
    headers = HERE | {"Content-Security-Policy": LETTER_POLICY}
    return HTMLResponse(mail.opening_links_apart(html), headers=headers)


@router.get("/{id_}/pieces/{number}")
def message_part(request: Request, id_: str, number: int) -> Response:
    """An attachment, always as a file."""
    whole = _mailbox(request).read(id_)
    parts = mail.other_parts(whole) if whole else []
    if not 0 <= number < len(parts):
        return error_page(request, 404)
    return _file(mail.content(parts[number]), mail.name_of(parts[number], number), parts[number].get_content_type())


@router.get("/{id_}/source")
def message_source(request: Request, id_: str) -> Response:
    """The message as it was received."""
    source = _mailbox(request).source(id_)
    return _file(source, f"{id_}.eml", "message/rfc822") if source is not None else error_page(request, 404)


def only_from_here(app: ASGIApp) -> ASGIApp:
    """Refuse whoever is not at this machine, comes through a proxy, or was led here under another site's name."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_from_here(scope):
            words = _("Le courrier de démonstration ne se lit que depuis la machine qui fait tourner Maillage.")
            answer = error_page(Request(scope), 403, words)
            await answer(scope, receive, send)
            return
        await app(scope, receive, send)

    return guarded


def is_from_here(scope: Scope) -> bool:
    """Whether a request comes from this machine and names it by a loopback address."""
    headers = Headers(scope=scope)
    if "forwarded" in headers or "x-forwarded-for" in headers:
        return False
    name = re.sub(r":\d+$", "", headers.get("host", "")).strip("[]").lower()
    client = scope.get("client")
    return bool(client and _is_loopback(client[0]) and (_is_loopback(name) or name.split(".")[-1] == "localhost"))


def _is_loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def _mailbox(request: Request) -> Mailbox:
    mailbox: Mailbox = request.app.state.mailbox
    return mailbox


async def _say_it(request: Request, error: Exception) -> Response:
    return error_page(request, error.status_code if isinstance(error, HTTPException) else 404)


def _file(whole: bytes, name: str, kind: str) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(whole, media_type=kind, headers=APART | {"Content-Disposition": disposition})


def _as_json(box: Mailbox, caught: Caught) -> dict[str, Any] | None:
    whole = box.read(caught.id)
    if whole is None:
        return None
    return {
        "id": caught.id,
        "received": caught.received.isoformat(),
        "from": caught.sender,
        "to": list(caught.recipients),
        "subject": caught.subject,
        "date": header(whole, "Date"),
        "text": mail.body(whole, "plain"),
        "html": mail.body(whole, "html"),
        "headers": {name: header(whole, name) for name in dict.fromkeys(whole.keys())},
        "attachments": [mail.name_of(part, number) for number, part in enumerate(mail.other_parts(whole))],
    }
