"""Asking to be listed, in four steps: what was typed is kept at an address nobody can guess, script or not."""

import hashlib
import secrets
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.registry import wording
from services.registry.domain import AlreadyListed
from services.registry.forms import RequestListing
from services.registry.links import FOLLOW, Links
from services.registry.listing import ask_once
from services.registry.pages import choices
from services.registry.queries.doubles import look_alikes, sheet_with_number
from services.registry.queries.groups import draft_answers
from shared.db import Database, Tx
from shared.errors import NotFound, Refusal
from shared.reference import commune, communes_of_postal_code, compact
from shared.web.admission import PROOF, admit
from shared.web.forms import Form, read_form
from shared.web.i18n import _
from shared.web.pages import render, url

router = APIRouter()
ADDRESS = "/annuaire/referencement"
STEPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "Votre structure",
        "Nom, nature, commune",
        ("name", "acronym", "college", "kind", "commune_code", "department", "siren", "siret", "rna", "website"),
    ),
    ("Vos activités", "Thèmes, ODD, pays", ("description", "themes", "sdgs", "countries")),
    ("Vos besoins", "Accompagnement, lettres", ("needs", "topics")),
    (
        "Contact et publication",
        "Relecture, accord",
        ("contact_name", "contact_role", "contact_email", "consent_listing"),
    ),
)
ASKED_ALONGSIDE = {"postal_code"}
TRAP = "site"
ELSEWHERE = "Ce code postal n’est pas dans la région\u00a0: vérifiez ses cinq chiffres."


class DraftGone(NotFound):
    """Ce brouillon n’existe plus : il est gardé 30 jours. Vous pouvez recommencer une demande."""


@router.get(ADDRESS)
async def first_step(request: Request) -> Response:
    """The first step, empty."""
    return await _show(request, Form(), 1, None)


@router.get(ADDRESS + "/{draft}")
async def resume(request: Request, draft: str, etape: int = 1) -> Response:
    """A step of a draft, with what was typed."""
    form = await _draft(request, draft)
    return await _show(request, form, min(max(etape, 1), len(STEPS)), draft)


@router.post(ADDRESS)
async def begin(request: Request) -> Response:
    """The first step answered; or the whole form at once."""
    return await _take(request, None)


@router.post(ADDRESS + "/{draft}")
async def go_on(request: Request, draft: str) -> Response:
    """Another step answered; the last one sends the request."""
    return await _take(request, draft)


async def _take(request: Request, draft: str | None) -> Response:
    posted = await read_form(request)
    if posted.values.pop(TRAP, ""):
        return render(request, "registry/asked.html", section="listing", email="")  # a robot: thanked, not heard
    proof = posted.values.pop(PROOF, "")
    looked_up = posted.values.pop("_look_up", "")
    step = _number(posted.values.pop("_step", ""))
    form = await _draft(request, draft) if draft else Form()
    form.key = posted.key
    form.values = _merged(form.values, posted.values, step)
    if looked_up:
        return await _show(request, form, step or 1, draft)
    listing = form.read(RequestListing)
    last = step is None or step == len(STEPS)
    if not last:
        form.errors = _of_step(form.errors, step or 1)
        if form.errors:
            return await _show(request, form, step or 1, draft, 422)
        if step == 1 and (refusal := await _listed_already(request, form)):
            known = refusal.details["profile_url"]
            return await _show(request, form.refuse(refusal), 1, draft, refusal.status, known=known)
        try:
            admit(request, form)
        except Refusal as refusal:
            return await _show(request, form.refuse(refusal), step or 1, draft, refusal.status)
        draft = await _save(request, draft, form.values)
        return RedirectResponse(url(f"{ADDRESS}/{draft}", etape=(step or 1) + 1), 303)
    if listing is None:
        return await _show(request, form, _first_wrong(form.errors), draft, 422)
    form.values[PROOF] = proof
    return await _send(request, form, listing, draft)


async def _send(request: Request, form: Form, listing: RequestListing, draft: str | None) -> Response:
    try:
        admit(request, form, listing.contact_email)
        answer = await ask_once(request, listing, form.key, _hashed(draft) if draft else None)
    except Refusal as refusal:
        found = refusal.details.get("profile_url")
        step = 1 if refusal.field else len(STEPS)
        return await _show(request, form.refuse(refusal), step, draft, refusal.status, known=found)
    token = request.app.state.signer.issue(FOLLOW, {"id": answer.body["id"]})
    return RedirectResponse(url(f"/annuaire/demande/{token}", envoyee="1"), 303)


async def _show(
    request: Request, form: Form, step: int, draft: str | None, status: int = 200, known: object = None
) -> Response:
    db: Database = request.app.state.db
    code = str(form.value("commune_code"))
    postal = str(form.value("postal_code"))
    async with db.reading() as tx:
        offered = await choices.offered(tx, form)
        alike = await _alike(tx, form) if step > 1 else []
    found = communes_of_postal_code(postal) if postal else ()
    chosen = commune(code) if code else None
    if postal and not found:
        form.errors.setdefault(
            "postal_code", "Ce code postal n’est pas dans la région\u00a0: vérifiez ses cinq chiffres."
        )
    return render(
        request,
        "registry/listing_step.html",
        status=status,
        section="listing",
        form=form,
        step=step,
        title=_(STEPS[step - 1][0]),
        steps=_beads(step, draft),
        action=url(f"{ADDRESS}/{draft}" if draft else ADDRESS),
        previous=url(f"{ADDRESS}/{draft}", etape=step - 1) if draft and step > 1 else None,
        communes=found or ((chosen,) if chosen else ()),
        resume=f"{request.app.state.settings.public_url}{ADDRESS}/{draft}" if draft else None,
        alike=alike,
        known=known,
        words=wording,
        **offered,
    )


def _beads(step: int, draft: str | None) -> list[dict[str, Any]]:
    return [
        {
            "label": _(label),
            "hint": _(hint) if at > step else None,
            "state": "done" if at < step else "current" if at == step else "todo",
            "url": url(f"{ADDRESS}/{draft}", etape=at) if draft else None,
        }
        for at, (label, hint, _names) in enumerate(STEPS, 1)
    ]


async def _listed_already(request: Request, form: Form) -> AlreadyListed | None:
    rna, siret = (compact(str(form.value(name))) for name in ("rna", "siret"))
    db: Database = request.app.state.db
    async with db.reading() as tx:
        found = await sheet_with_number(tx, rna, siret) if rna or siret else None
    return AlreadyListed(found[0], Links.of(request).profile(found[1])) if found else None


async def _alike(tx: Tx, form: Form) -> list[Any]:
    name, code, siren = (str(form.value(one)) for one in ("name", "commune_code", "siren"))
    return await look_alikes(tx, name, code or None, siren or None) if name else []


def _number(word: str | list[str]) -> int | None:
    return int(word) if isinstance(word, str) and word in {"1", "2", "3", "4"} else None


def _merged(kept: dict[str, Any], posted: dict[str, Any], step: int | None) -> dict[str, Any]:
    """A step replaces its own answers, a box unticked included; the others stay."""
    names = {name for _label, _hint, fields in STEPS for name in fields} | ASKED_ALONGSIDE
    own = set(STEPS[step - 1][2]) if step else set()
    if step == 1:
        own |= ASKED_ALONGSIDE
    stays = {name: value for name, value in kept.items() if name not in own}
    return stays | {name: value for name, value in posted.items() if name in names}


def _of_step(errors: dict[str, str], step: int) -> dict[str, str]:
    return {path: sentence for path, sentence in errors.items() if path.split("-")[0] in STEPS[step - 1][2]}


def _first_wrong(errors: dict[str, str]) -> int:
    return next((at for at in range(1, len(STEPS) + 1) if _of_step(errors, at)), len(STEPS))


def _hashed(draft: str) -> str:
    return hashlib.sha256(draft.encode()).hexdigest()


async def _draft(request: Request, draft: str) -> Form:
    db: Database = request.app.state.db
    async with db.reading() as tx:
        answers = await draft_answers(tx, _hashed(draft))
    if answers is None:
        raise DraftGone()
    return Form(answers)


async def _save(request: Request, draft: str | None, answers: dict[str, Any]) -> str:
    draft = draft or secrets.token_urlsafe(24)
    db: Database = request.app.state.db
    async with db.transaction() as tx:
        await tx.execute(
            """INSERT INTO draft (id, answers) VALUES ($1, $2)
               ON CONFLICT (id) DO UPDATE SET answers = $2, saved_at = now()""",
            _hashed(draft),
            answers,
        )
    return draft
