"""Errors are mapped once: problem+json (RFC 9457) for the API, a French page for people, never a bare 500."""

from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from shared.errors import Invalid, LinkExpired, NotAllowed, NotFound, NotSignedIn, Refusal, Unavailable
from shared.web.forms import errors_by_field, read_form, sentence_of
from shared.web.i18n import _
from shared.web.pages import error_page, render, url
from shared.web.session import is_of_our_page

TITLES = {
    400: "Demande illisible",
    401: "Connexion nécessaire",
    403: "Accès réservé",
    404: "Introuvable",
    405: "Méthode refusée",
    409: "Demande refusée",
    413: "Message trop long",
    422: "Réponses à corriger",
    429: "Trop de demandes",
    500: "Erreur de notre côté",
    503: "Service momentanément indisponible",
}

DOCUMENTED: dict[int | str, str] = {
    400: "Unreadable",
    401: "Not signed in",
    403: "The team's alone",
    404: "Unknown",
    405: "Not done here",
    409: "Refused by a rule",
    410: "Closed for good",
    413: "Too long",
    422: "Invalid: each field's path with its sentence",
    429: "Too many in a moment",
    503: "Come back in a moment",
}
"""What any operation may answer instead of what it is asked, as OpenAPI says it."""
SCHEMA = {
    "title": "Problem",
    "description": "RFC 9457, with the sentence people read",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}

log = structlog.get_logger()


def problem(status: int, detail: str, errors: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """An RFC 9457 answer; `errors` lists each field's path with its sentence."""
    body: dict[str, Any] = {"type": "about:blank", "title": _(TITLES.get(status, "Erreur")), "status": status}
    body |= {"detail": _(detail)} | more
    if errors:
        body["errors"] = [{"field": path, "message": _(sentence)} for path, sentence in errors.items()]
    headers = {"Retry-After": "5"} if status in (429, 503) else {}
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")


def wants_json(request: Request) -> bool:
    """The API and machines get problem+json; people get pages."""
    return request.url.path.startswith("/api/")


def answer_refusal(request: Request, refusal: Refusal) -> Response:
    """A refusal that no page took on itself."""
    if isinstance(refusal, NotSignedIn) and not wants_json(request):
        return RedirectResponse(f"/connexion?suite={quote(request.url.path)}", status_code=303)
    if not wants_json(request):
        return error_page(request, refusal.status, refusal.sentence)
    if isinstance(refusal, Invalid):
        return problem(422, refusal.sentence, refusal.errors)
    errors = {refusal.field: refusal.sentence} if refusal.field else None
    return problem(refusal.status, refusal.sentence, errors, **refusal.details)


async def send_again(request: Request) -> Response:
    """A form whose session ended while it was filled in: kept in a page with one button, so that nothing is lost."""
    form = await read_form(request)
    return render(
        request,
        "one_button.html",
        status=401,
        headers={"Cache-Control": "no-store"},
        title=_("Votre session est terminée"),
        text=_(
            "Rien n’est perdu\u00a0: cette page garde ce que vous avez écrit. Connectez-vous dans un autre onglet, "
            "puis revenez l’envoyer ici."
        ),
        action=str(request.url.replace(scheme="", netloc="")),
        hidden=form.values,
        form=form,
        button=_("Envoyer de nouveau"),
        before=(_("Se connecter dans un autre onglet"), url("/connexion")),
    )


def install(app: FastAPI) -> None:
    """Map every error of `app`."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        lost = isinstance(error, NotSignedIn) and request.method == "POST" and not wants_json(request)
        if lost and is_of_our_page(request):  # of no other: its button must not act for whoever signs in
            return await send_again(request)
        return answer_refusal(request, error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        where = {one["loc"][0] for one in error.errors()}
        if "path" in where:
            return answer_refusal(request, NotFound())
        unreadable = [one for one in error.errors() if one["type"] == "json_invalid"]
        if unreadable:
            return answer_refusal(request, Invalid({"": sentence_of(unreadable[0])}))
        return answer_refusal(request, Invalid(errors_by_field(list(error.errors()), skip=1)))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if isinstance(error.__cause__, Refusal):  # a body too long, met while it was read
            return answer_refusal(request, error.__cause__)
        refusals = {404: NotFound, 403: NotAllowed, 401: NotSignedIn, 503: Unavailable}
        refusal: Refusal = refusals.get(error.status_code, Refusal)(None)
        if type(refusal) is Refusal:
            refusal.sentence, refusal.status = TITLES.get(error.status_code, str(error.detail)), error.status_code
        answer = answer_refusal(request, refusal)
        answer.headers.update(error.headers or {})
        return answer

    async def cut(request: Request, error: Exception) -> Response:
        """Its sender left, or sent what is no HTTP, while the form was read."""
        return await http(request, HTTPException(400))

    async def broken(request: Request, error: Exception) -> Response:
        log.error("unexpected", path=request.scope.get("route_path", ""), exc_info=error)
        return error_page(request, 500) if not wants_json(request) else problem(500, TITLES[500])

    for kind in (Refusal, LinkExpired):
        app.add_exception_handler(kind, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(ClientDisconnect, cut)
    app.add_exception_handler(Exception, broken)
