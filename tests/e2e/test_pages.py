"""Every page of the product, with data, in Chromium: axe-core finds nothing, nothing overflows, nothing is heavy."""

import asyncio
import gzip
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from services.embedded import House
from services.examples import demonstration
from services.examples.demonstration import Houses
from services.examples.loading import until_level
from services.registry.links import Links
from tests.conftest import Mailbox

CHROMIUM = shutil.which("chromium")
ARGUMENTS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
ARGUMENTS += " --disable-component-update --disable-sync"
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]

LIST, FORM, BAROMETER = 15_000, 10_000, 35_000
"""Bytes of HTML, CSS and script a page may weigh, compressed, without fonts: the aim."""
FORMS, PLACES, COUNTRIES, MAP, LETTER = 500, 2_700, 3_500, 1_500, 2_500
"""What is over the aim, and why: 7 KB of style and script, and 0.9 KB of proof of work, leave little to a form; all
departments (1.2 KB), beside the names of structures, or 250 countries (2.8 KB) to choose from; the map of the directory
(2 KB) beside its filters and 20 rows; the first letter, whose 77 things to tell, and those of other tests, weigh 100
bytes each."""
Scheme = Literal["light", "dark"]
VIEWS: list[list[tuple[int, Scheme]]] = [[(1360, "light"), (390, "dark")], [(1360, "dark"), (390, "light")]]
"""Each page wide and narrow, light and dark; every other page the other way round, so that a run stays short."""

REFLOW = 320
"""As wide as a screen of 1,280 px zoomed four times: nothing there scrolls both ways (WCAG 1.4.10)."""


@dataclass(frozen=True, slots=True)
class Known:
    """Where the pages of one thing each are."""

    organisation: str
    gathering: str
    full: str
    gathering_id: str
    request: str
    draft: str
    following: str
    letter: str
    dashboard: str
    erasure: str
    erasure_link: str
    receipt: str


@pytest.fixture(scope="module")
async def season(house: House) -> AsyncIterator[House]:
    """The fictional season, taken away at the end."""
    databases = {name: service.db for name, service in house.services.items()}
    settings = {name: service.settings for name, service in house.services.items()}
    await demonstration.load(Houses(settings, databases), lambda: None)
    await until_level(databases)
    yield house
    await demonstration.remove(databases)
    await until_level(databases)


async def id_of(house: House, service: str, query: str) -> UUID:
    """The one id a query finds."""
    async with house.services[service].db.reading() as tx:
        found: UUID = await tx.fetchval(query)
    assert found, query
    return found


@pytest.fixture(scope="module")
async def known(season: House, client: httpx.AsyncClient, staff: httpx.AsyncClient, mailbox: Mailbox) -> Known:
    """One thing of each kind, made or found through the API."""
    organisations = (await client.get("/api/registry/v1/organisations", params={"q": "Béarn"})).json()["items"]
    gatherings = (await client.get("/api/events/v1/gatherings")).json()["items"]
    waiting = await id_of(season, "registry", "SELECT id FROM listing_request WHERE status = 'requested' LIMIT 1")
    registry = season.services["registry"]
    begun = await client.post(
        "/annuaire/referencement",
        data={"name": "Puits et Partage", "college": "associations", "postal_code": "24000", "_step": "1"},
    )
    assert begun.status_code == 303, begun.text
    campaign = await staff.post("/api/mailing/v1/campaigns", json={})
    assert campaign.is_success, campaign.text
    board = await staff.post(
        "/api/observatory/v1/dashboards",
        json={
            "partner": "Une agence",
            "departments": ["33"],
            "themes": [],
            "countries": [],
            "expires_on": "2100-01-01",
        },
    )
    assert board.is_success, board.text
    erased = await staff.post("/api/registry/v1/erasures", json={"email": "partie@hasard.example"})
    assert erased.is_success, erased.text
    links = Links(registry.settings, registry.signer)
    open_ones = [one for one in gatherings if one["slug"].startswith(("monter", "reunion"))]
    return Known(
        organisation=organisations[0]["slug"],
        gathering=next(one["slug"] for one in open_ones if one["slug"].startswith("monter")),
        full=next(one["slug"] for one in open_ones if one["slug"].startswith("reunion")),
        gathering_id=open_ones[0]["id"],
        request=str(waiting),
        draft=begun.headers["location"].split("?")[0],
        following=links.follow(waiting),
        letter=campaign.json()["id"],
        dashboard=re.sub(r"^https?://[^/]+", "", board.json()["url"]),
        erasure=erased.json()["id"],
        erasure_link=links.erasure(UUID(erased.json()["id"]), "partie@hasard.example"),
        receipt=links.receipt(UUID(erased.json()["id"])),
    )


def public_pages(known: Known) -> list[tuple[str, int]]:
    """The pages anybody may open, with what each may weigh."""
    lists = ["/", "/annuaire", "/annuaire?theme=eau-assainissement-hygiene", "/annuaire?q=zzzz", "/annuaire/groupes"]
    lists += [f"/annuaire/{known.organisation}", known.following, "/agenda", "/agenda?periode=passee"]
    lists += [f"/agenda/{known.gathering}", "/lettres/demande", "/courrier", "/annuaire/nulle-part"]
    lists += ["/mentions-legales", "/donnees-personnelles", "/accessibilite", "/donnees-ouvertes"]
    lists += [known.erasure_link, known.receipt]
    forms = ["/annuaire/referencement", *(f"{known.draft}?etape={step}" for step in (2, 3, 4)), "/annuaire/demande"]
    forms += [f"/agenda/{slug}/inscription" for slug in (known.gathering, known.full)] + ["/lettres", "/connexion"]
    figures = ["/observatoire", "/observatoire?year=all", "/observatoire/organisations", known.dashboard]
    figures += ["/observatoire/organisations?by=sdg&year=all", "/observatoire/listing-requests?by=month"]
    figures += ["/observatoire/participants?counted=no", "/observatoire/letters-sent"]
    return [*((path, LIST) for path in lists), *((path, FORM) for path in forms), *((p, BAROMETER) for p in figures)]


def team_pages(known: Known) -> list[tuple[str, int]]:
    """The pages of the team, with what each may weigh."""
    gathering = f"/agenda/equipe/{known.gathering_id}"
    lists = ["/annuaire/equipe", "/annuaire/equipe/structures", "/annuaire/equipe/veille", "/annuaire/equipe/comptes"]
    lists += [f"/annuaire/equipe/demandes/{known.request}", "/agenda/equipe", gathering, "/lettres/equipe"]
    lists += [f"/lettres/equipe/{known.letter}", "/observatoire/equipe", "/observatoire/equipe/bus"]
    lists += ["/annuaire/equipe/effacements", f"/annuaire/equipe/effacements/{known.erasure}"]
    forms = ["/agenda/equipe/nouveau", f"{gathering}/deplacement", f"{gathering}/annulation", f"{gathering}/effectif"]
    forms += ["/lettres/equipe/ciblee"]
    return [*((path, LIST) for path in lists), *((path, FORM) for path in forms)]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield found
        await found.close()


@pytest.fixture(scope="module")
async def team(browser: Browser, season: House) -> AsyncIterator[BrowserContext]:
    """A browser signed in by the link of a mail."""
    context = await browser.new_context(base_url=season.settings.public_url, bypass_csp=True)
    page = await context.new_page()
    registry = season.services["registry"]
    await page.goto(Links(registry.settings, registry.signer).sign_in(season.settings.team_email))
    await page.get_by_role("button", name="Ouvrir l’espace équipe").click()
    yield context
    await context.close()


async def faults_of(page: Page, paths: list[str]) -> list[str]:
    """What axe-core and a ruler find on these pages, in each width and each scheme."""
    faults = []
    for turn, path in enumerate(paths):
        answer = await page.goto(path, wait_until="domcontentloaded")
        if answer is None or (answer.status != 200) is not path.endswith("/nulle-part"):
            faults.append(f"{path}: {answer and answer.status}")
        await page.set_viewport_size({"width": REFLOW, "height": 900})
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{path} {REFLOW}: wider than the screen")
        await page.evaluate(Axe().axe_script)
        for width, scheme in VIEWS[turn % 2]:
            await page.set_viewport_size({"width": width, "height": 900})
            await page.emulate_media(color_scheme=scheme)
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                faults.append(f"{path} {width}: wider than the screen")
            found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            faults += [f"{path} {width} {scheme}: {v['id']}: {v['nodes'][0]['html']}" for v in found["violations"]]
    return faults


async def faults_in(context: BrowserContext, paths: list[str]) -> list[str]:
    """The same, two pages at a time."""
    halves = [faults_of(await context.new_page(), paths[start::2]) for start in (0, 1)]
    return [fault for found in await asyncio.gather(*halves) for fault in found]


async def test_axe_finds_nothing_on_the_public_pages(browser: Browser, season: House, known: Known) -> None:
    context = await browser.new_context(base_url=season.settings.public_url, bypass_csp=True)
    found = await faults_in(context, [path for path, _ in public_pages(known)])
    await context.close()
    assert found == []


async def test_axe_finds_nothing_on_the_pages_of_the_team(team: BrowserContext, known: Known) -> None:
    assert await faults_in(team, [path for path, _ in team_pages(known)]) == []


def allowed_over(path: str, budget: int) -> int:
    """What a page may weigh above the aim; only forms, and pages that hold a long list or a map."""
    if path.startswith("/annuaire?") or path == "/annuaire":
        return MAP
    if path.endswith(("etape=2", "/nouveau")):
        return COUNTRIES
    if re.fullmatch(r"/lettres/equipe/[0-9a-f-]{36}", path):
        return LETTER
    if path.endswith(("/inscription", "/lettres")):
        return PLACES
    return FORMS if budget == FORM else 0


async def test_no_page_is_heavier_than_its_budget(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, known: Known
) -> None:
    weights: dict[str, int] = {}
    heavy = []
    for reader, pages in ((client, public_pages(known)), (staff, team_pages(known))):
        for path, budget in pages:
            page = (await reader.get(path)).text
            linked = set(re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js)\?[^"]*)"', page))
            assert len(linked) > 1, path
            for address in linked - weights.keys():
                weights[address] = len(gzip.compress((await client.get(address)).content))
            weight = sum(weights[address] for address in linked) + len(gzip.compress(page.encode()))
            if weight > budget + allowed_over(path, budget):
                heavy.append(f"{path}: {weight} bytes of {budget}")
    assert heavy == []
