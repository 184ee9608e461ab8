"""The operator's page: how the bus of each service does, its dead letters by cause, and one story from end to end."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from services.observatory.neighbours import Neighbours, ServiceSilent, neighbours
from services.observatory.pages.story import Telling, lasting, name_of
from services.observatory.queries.checks import moved_by
from shared.errors import LinkExpired, NotFound, Refusal
from shared.settings import SERVICES
from shared.web.console.letters import SHOWN, laid_out
from shared.web.forms import Form, read_form
from shared.web.i18n import _
from shared.web.pages import render, url
from shared.web.session import Session, team_session

router = APIRouter(prefix="/observatoire/equipe/bus", include_in_schema=False)
Team = Annotated[Session, Depends(team_session)]
OUTCOME = "bus-outcome"
OUTCOME_SECONDS = 3600
NAMED = 20
"""Letters named one by one when they were already gone."""
ROADS = {"retry": "retries", "drop": "drops"}
PAGE: dict[str, Any] = {"section": "team", "team_section": "bus", "name_of": name_of, "lasting": lasting}
PAGE["read"] = datetime.fromisoformat
NOT_AN_ID = _("Un identifiant d’histoire a 32 chiffres ou lettres de a à f.")


class NothingChosen(Refusal):
    """Cochez au moins une lettre."""

    status = 422


class TooManyChosen(Refusal):
    """Choisissez deux cents lettres au plus à la fois."""

    status = 422


class UnknownService(NotFound):
    """Ce service n’existe pas."""


class UnknownStory(NotFound):
    """Aucun service n’a rien dit sous cet identifiant. Vérifiez-le\u00a0: il est dans la réponse au formulaire."""


@router.get("")
async def show_bus(request: Request, session: Team, suite: Annotated[str, Query(max_length=4_000)] = "") -> Response:
    """What waits, what died, and the outcome of what was just done."""
    outcome = None
    if suite:
        try:
            outcome = request.app.state.signer.read(OUTCOME, suite, OUTCOME_SECONDS)
        except LinkExpired:
            outcome = None
    return await _bus(request, outcome=outcome)


async def _bus(
    request: Request,
    status: int = 200,
    refusal: str | None = None,
    outcome: dict[str, Any] | None = None,
    asked: Form | None = None,
) -> Response:
    async with neighbours(request) as four:
        states = await four.ask_all("")
        lists = await four.ask_all("/dead-letters", limit=SHOWN)
    return render(
        request,
        "observatory/bus.html",
        status=status,
        states=states,
        groups=by_cause(lists),
        silent=[service for service in SERVICES if states[service] is None or lists[service] is None],
        refusal=refusal,
        outcome=outcome,
        form=asked or Form(),
        **PAGE,
    )


def by_cause(lists: Mapping[str, Mapping[str, Any] | None]) -> list[dict[str, Any]]:
    """The letters of all services under their cause and contract, the most numerous first."""
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for found in lists.values():
        for one in (found or {}).get("causes", ()):
            fresh = {**one, "dead": 0, "waiting": 0, "letters": []}
            group = groups.setdefault((one["contract"], one["cause"]), fresh)
            group["dead"] += one["dead"]
            group["waiting"] += one["waiting"]
            group["oldest_at"] = min(group["oldest_at"], one["oldest_at"])
    for found in lists.values():
        for letter in (found or {}).get("items", ()):
            key = (letter["contract"], letter["cause"])
            if key in groups:
                groups[key]["letters"].append(letter)
    return sorted(groups.values(), key=lambda one: (-one["dead"], one["cause"]))


@router.post("/confirmation")
async def confirm(request: Request, session: Team) -> Response:
    """List what was ticked, and ask once more; what is gone meanwhile is said."""
    form = await read_form(request)
    try:
        action, chosen = _choice(form)
    except Refusal as refusal:
        return await _bus(request, refusal.status, refusal.sentence)
    async with neighbours(request) as four:
        found = {service: await _held(four, service, ids) for service, ids in chosen.items()}
    there = [letter for letters in found.values() for letter in letters]
    known = {letter["event_id"] for letter in there}
    return render(
        request,
        "observatory/bus_confirm.html",
        action=action,
        there=there,
        gone=[one for ids in chosen.values() for one in ids if one not in known],
        **PAGE,
    )


def _choice(form: Form) -> tuple[str, dict[str, list[str]]]:
    """The action, and the ids chosen of each service. Raises NothingChosen, TooManyChosen or NotFound."""
    action, ticked = form.value("action"), form.value("letter")
    if action not in ROADS:
        raise NothingChosen()
    chosen: dict[str, list[str]] = defaultdict(list)
    for one in [ticked] if isinstance(ticked, str) else ticked:
        service, _sign, identity = one.partition(":")
        try:
            chosen[_service(service)].append(str(UUID(identity)))
        except (UnknownService, ValueError):
            raise NothingChosen() from None
    if any(len(ids) > SHOWN for ids in chosen.values()):
        raise TooManyChosen()
    return str(action), {service: list(dict.fromkeys(ids)) for service, ids in chosen.items()}


def _service(name: str) -> str:
    if name not in SERVICES:
        raise UnknownService()
    return name


async def _held(four: Neighbours, service: str, ids: Iterable[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await four.ask(service, "/dead-letters", id=list(ids)))["items"]
    return found


@router.post("/lettres")
async def act(request: Request, session: Team) -> Response:
    """Retry or drop the letters confirmed, then say what was done and what was already gone."""
    form = await read_form(request)
    try:
        action, chosen = _choice(form)
    except Refusal as refusal:
        return await _bus(request, refusal.status, refusal.sentence)
    done, gone, silent = 0, list[str](), list[str]()
    async with neighbours(request) as four:
        for service, ids in chosen.items():
            try:
                told = await four.tell(service, f"/dead-letters/{ROADS[action]}", {"ids": ids})
            except ServiceSilent:
                silent.append(service)
            except NotFound:
                gone += ids
            else:
                done += len(told["done"])
                gone += told["gone"]
    word = {"action": action, "done": done, "gone": gone[:NAMED], "gone_in_all": len(gone), "silent": silent}
    suite = request.app.state.signer.issue(OUTCOME, word)
    return RedirectResponse(url("/observatoire/equipe/bus", suite=suite), status_code=303)


@router.get("/lettres/{service}/{event_id}")
async def show_letter(request: Request, service: str, event_id: UUID, session: Team) -> Response:
    """One letter whole: its reason, its headers, what it says, and what it said before."""
    return await _letter(request, service, event_id)


async def _letter(request: Request, service: str, event_id: UUID, form: Form | None = None) -> Response:
    async with neighbours(request) as four:
        letter = await four.ask(_service(service), f"/dead-letters/{event_id}")
    return render(
        request,
        "observatory/bus_letter.html",
        status=422 if form else 200,
        headers={"Cache-Control": "no-store"},
        letter=letter,
        said=laid_out(letter["body"]),
        said_before=laid_out(letter["original_body"]) if letter["original_body"] else None,
        form=form or Form({"body": laid_out(letter["body"])}),
        **PAGE,
    )


@router.post("/lettres/{service}/{event_id}")
async def correct_letter(request: Request, service: str, event_id: UUID, session: Team) -> Response:
    """Replace what a dead letter says and try it again; what is wrong comes back beside what was typed."""
    form = await read_form(request)
    async with neighbours(request) as four:
        try:
            await four.tell(_service(service), f"/dead-letters/{event_id}/correction", {"body": form.value("body")})
        except Refusal as refusal:
            if isinstance(refusal, (NotFound, ServiceSilent)):
                raise
            return await _letter(request, service, event_id, form.refuse(refusal))
    word = {"action": "edit", "done": 1, "gone": [], "gone_in_all": 0, "silent": []}
    suite = request.app.state.signer.issue(OUTCOME, word)
    return RedirectResponse(url("/observatoire/equipe/bus", suite=suite), status_code=303)


@router.get("/histoire")
async def show_story(request: Request, session: Team, id: Annotated[str, Query(max_length=200)] = "") -> Response:
    """One story: the form, its facts, who handled them, the mails, the figures."""
    try:
        story = UUID(id.strip())
    except ValueError:
        return await _bus(request, 422, asked=Form({"id": id}, {"id": NOT_AN_ID}))
    async with neighbours(request) as four:
        told = await four.ask_all(f"/stories/{story}")
        telling = Telling(story, told)
        if telling.facts:
            telling.heard(await four.ask_all("/handled", event_id=[str(one) for one in telling.facts]))
        try:
            telling.mailed(await four.ask("mailing", f"/stories/{story}/mails"))
        except ServiceSilent:
            telling.silent.add("mailing")
    async with request.app.state.db.reading() as tx:
        telling.counted(await moved_by(tx, list(telling.facts)))
    if not telling.steps and not telling.silent:
        raise UnknownStory()
    return render(request, "observatory/bus_story.html", story=story, telling=telling, **PAGE)
