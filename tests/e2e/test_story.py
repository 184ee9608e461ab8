"""The whole story in Chromium, as people live it: listed, published, registered, moved, written to, counted."""

import datetime as dt
import re
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from services.embedded import House
from services.registry.links import Links
from shared.clock import today
from tests.conftest import Mailbox

CHROMIUM = shutil.which("chromium")
ARGUMENTS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
ARGUMENTS += " --disable-component-update --disable-sync"
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]
LINK = re.compile(r"https?://127\.0\.0\.1:\d+\S*")


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield found
        await found.close()


@pytest.fixture
async def anybody(browser: Browser, house: House) -> AsyncIterator[Page]:
    context = await browser.new_context(base_url=house.settings.public_url, viewport={"width": 1360, "height": 900})
    yield await context.new_page()
    await context.close()


@pytest.fixture
async def team(browser: Browser, house: House) -> AsyncIterator[Page]:
    """A member of the team, signed in by the link of their mail."""
    context = await browser.new_context(base_url=house.settings.public_url, viewport={"width": 1360, "height": 900})
    page = await context.new_page()
    registry = house.services["registry"]
    await page.goto(Links(registry.settings, registry.signer).sign_in(house.settings.team_email))
    await page.get_by_role("button", name="Ouvrir l’espace équipe").click()
    await expect(page).to_have_url(re.compile("/annuaire/equipe"))
    yield page
    await context.close()


def address_in(message: dict[str, object], part: str) -> str:
    """The first link of a mail's text that leads to `part`."""
    links = [link.rstrip(").,>") for link in LINK.findall(str(message["text"]))]
    return next(link for link in links if part in link)


async def ask_to_be_listed(page: Page, number: int) -> None:
    """The four steps, as somebody would fill them."""
    await page.goto("/annuaire/referencement")
    await page.fill("#name", f"Lavoirs et Fontaines {number}")
    await page.check("input[name=college][value=associations]")
    await page.select_option("#kind", "association")
    await page.fill("#postal_code", "24000")
    await page.get_by_role("button", name="Voir les communes").click()
    await page.check("input[name=commune_code][value='24322']")
    await page.get_by_role("button", name="Enregistrer et continuer").click()
    await page.fill("#description", "Nous réparons des fontaines avec les comités d’usagers de douze villages.")
    await page.check("input[name=themes][value=eau-assainissement-hygiene]")
    await page.check("input[name=sdgs][value='6']")
    await page.check("input[name=countries][value=BF]")
    await page.get_by_role("button", name="Enregistrer et continuer").click()
    await page.check("input[name=topics][value=newsletter]")
    await page.get_by_role("button", name="Enregistrer et continuer").click()
    await page.fill("#contact_name", "Awa Lacoste")
    await page.fill("#contact_email", f"awa{number}@lavoirs.example")
    await page.check("#consent_listing")
    await page.get_by_role("button", name="Envoyer ma demande").click()
    await expect(page.get_by_text("Votre demande est envoyée")).to_be_visible()


async def test_the_whole_story(anybody: Page, team: Page, mailbox: Mailbox, house: House, number: int) -> None:
    await ask_to_be_listed(anybody, number)

    confirmation = await mailbox.first(f"awa{number}@lavoirs.example")
    await anybody.goto(address_in(confirmation, "/annuaire/confirmation/"))
    await anybody.get_by_role("button", name="Confirmer mon adresse").click()
    await expect(anybody.get_by_text("Adresse confirmée").first).to_be_visible()

    await anybody.goto("/observatoire")
    before = await figure_of(anybody, "organisations")
    await team.goto("/annuaire/equipe")
    await team.get_by_role("link", name=f"Lavoirs et Fontaines {number}").click()
    await team.get_by_role("button", name="Publier dans l’annuaire").click()
    await expect(team.get_by_role("link", name="Voir la fiche")).to_be_visible()
    await expect(anybody.locator("[id$='organisations']").first).to_contain_text(str(before + 1), timeout=2_000)

    await anybody.goto(f"/annuaire?q=fontaine {number}")
    await anybody.get_by_role("link", name=f"Lavoirs et Fontaines {number}").click()
    await expect(anybody.get_by_role("heading", name=f"Lavoirs et Fontaines {number}")).to_be_visible()
    await expect(anybody.get_by_text("non renseigné").first).to_be_visible()

    await publish_a_gathering(team, number)
    await register(anybody, number)
    held = await mailbox.first(f"awa{number}@lavoirs.example", "inscription")
    assert any(name.endswith(".ics") for name in held["attachments"])

    await go_online(team, number)
    moved = await mailbox.first(f"awa{number}@lavoirs.example", "change")
    assert "https://visio.example/eau" in str(moved["text"])

    await write_the_letter(team, number)
    letter = await mailbox.first(f"awa{number}@lavoirs.example", f"lettre {number}", 20)
    assert "List-Unsubscribe-Post" in letter["headers"]
    assert f"Lavoirs et Fontaines {number}" in str(letter["text"])

    await anybody.goto("/observatoire/letters-sent")
    await expect(anybody.get_by_role("main")).to_contain_text("1")


async def figure_of(page: Page, indicator: str) -> int:
    """The figure as the page shows it."""
    written = await page.locator(f"[id$='{indicator}']").first.inner_text()
    found = re.search(r"\d[\d\u202f\u00a0]*", written)
    assert found is not None, written
    return int(re.sub(r"\D", "", found[0]))


async def publish_a_gathering(page: Page, number: int) -> None:
    day = today() + dt.timedelta(days=20)
    await page.goto("/agenda/equipe/nouveau")
    await page.fill("#title", f"Eau et gouvernance {number}")
    await page.select_option("#kind", "training")
    await page.check("input[name=mode][value=in_person]")
    await page.fill("#place", "Maison des associations, Périgueux")
    await page.fill("#capacity", "2")
    await page.fill("#sessions-0-starts_at", f"{day}T14:00")
    await page.fill("#sessions-0-ends_at", f"{day}T17:00")
    await page.locator("button.button:not(.quiet):not([name])").last.click()
    await page.get_by_role("button", name="Publier").first.click()
    await page.goto("/agenda")
    await expect(page.get_by_role("link", name=f"Eau et gouvernance {number}").first).to_be_visible()


async def register(page: Page, number: int) -> None:
    await page.goto("/agenda")
    await page.get_by_role("link", name=f"Eau et gouvernance {number}").first.click()
    await page.get_by_role("link", name=re.compile("inscri", re.IGNORECASE)).first.click()
    await page.fill("#name", "Awa Lacoste")
    await page.fill("#email", f"awa{number}@lavoirs.example")
    await page.get_by_role("button", name=re.compile("M’inscrire")).click()
    await expect(page.get_by_role("heading", name="Votre place est réservée")).to_be_visible()


async def go_online(page: Page, number: int) -> None:
    await page.goto("/agenda/equipe")
    await page.get_by_role("link", name=f"Eau et gouvernance {number}").first.click()
    await page.get_by_role("link", name=re.compile("déplacer|report|distance", re.IGNORECASE)).first.click()
    await page.check("input[name=mode][value=online]")
    await page.fill("#online_url", "https://visio.example/eau")
    await page.locator("button.button:not(.quiet):not([name])").last.click()


async def write_the_letter(page: Page, number: int) -> None:
    await page.goto("/lettres/equipe")
    await page.get_by_role("button", name="Préparer la lettre mensuelle").click()
    await page.fill("[name=subject]", f"La lettre {number}")
    await page.fill("[name=editorial]", "Un **mot** de l’équipe.")
    await page.get_by_role("button", name="Enregistrer").click()
    await page.get_by_role("button", name="Approuver l’envoi").click()


async def test_the_form_works_on_a_phone_without_javascript(browser: Browser, house: House, number: int) -> None:
    context: BrowserContext = await browser.new_context(
        base_url=house.settings.public_url, viewport={"width": 390, "height": 844}, java_script_enabled=False
    )
    page = await context.new_page()
    await ask_to_be_listed(page, number)
    await context.close()


async def test_a_wrong_step_says_what_is_wrong_and_keeps_what_was_typed(anybody: Page) -> None:
    await anybody.goto("/annuaire/referencement")
    await anybody.fill("#name", "Puits et Partage")
    await anybody.fill("#rna", "24100")
    await anybody.get_by_role("button", name="Enregistrer et continuer").click()
    await expect(anybody).to_have_title(re.compile("^Erreur"))
    await expect(anybody.locator("#erreurs")).to_be_focused()
    await expect(anybody.locator("#rna")).to_have_value("24100")
    await expect(anybody.locator("#name")).to_have_value("Puits et Partage")
    await expect(anybody.locator("#rna-erreur")).to_contain_text("W")
