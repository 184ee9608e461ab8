"""Every piece of the look in Chromium: axe-core finds nothing, nothing overflows, and the script obeys the CSP."""

import asyncio
import shutil
from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe
from granian.server.embed import Server
from playwright.async_api import Browser, async_playwright, expect

from tests.conftest import free_port
from tests.unit.web_gallery import build

CHROMIUM = shutil.which("chromium")
ARGUMENTS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
ARGUMENTS += " --disable-component-update --disable-sync"
PAGES = ["directory", "barometer", "form?bad=1", "profile", "team", "button", "error/404"]
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]


@pytest.fixture(scope="module")
async def gallery() -> AsyncIterator[str]:
    port = free_port()
    server = Server(build(), address="127.0.0.1", port=port, interface="asgi")
    running = asyncio.create_task(server.serve())
    await asyncio.sleep(0.5)
    yield f"http://127.0.0.1:{port}"
    server.stop()
    await running


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield found
        await found.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1360, 390])
async def test_axe_finds_nothing_and_nothing_overflows(browser: Browser, gallery: str, width: int, scheme: str) -> None:
    context = await browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light", bypass_csp=True
    )
    page = await context.new_page()
    faults = []
    for name in PAGES:
        await page.goto(f"{gallery}/{name}")
        found = await Axe().run(page)
        faults += [f"{name}: {v['id']}: {v['nodes'][0]['html']}" for v in found.response["violations"]]
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{name}: wider than the screen")
    await context.close()
    assert faults == []


async def test_a_filter_changes_the_list_without_leaving_the_page(browser: Browser, gallery: str) -> None:
    page = await browser.new_page(viewport={"width": 1360, "height": 900})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    await page.goto(f"{gallery}/directory")
    await page.evaluate("window.stayed = true")
    await page.check("#filtre-country-SN")
    await expect(page.locator("#annonce")).to_contain_text("acteurs")
    await expect(page.locator("#filtre-country-SN")).to_be_focused()
    assert "country=SN" in page.url
    assert await page.evaluate("window.stayed")
    assert said == []
    await page.close()


async def test_mistakes_take_the_focus_and_lead_to_their_field(browser: Browser, gallery: str) -> None:
    page = await browser.new_page(viewport={"width": 390, "height": 900})
    await page.goto(f"{gallery}/form?bad=1")
    await expect(page.locator("#erreurs")).to_be_focused()
    await page.click("#erreurs a[href='#sdgs']")
    await expect(page.locator("#sdgs")).to_be_focused()
    await page.close()


async def test_a_live_figure_moves_and_is_announced_every_tenth_time(browser: Browser, gallery: str) -> None:
    page = await browser.new_page()
    await page.goto(f"{gallery}/live")
    await expect(page.locator("#chiffre b")).to_have_text("12")
    await expect(page.locator("#annonce")).to_have_text("11 acteurs")
    await page.close()
