"""The proof of work: found by the page's script while somebody types, asked again when it does not hold."""

import base64
import json
import re
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import altcha
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import Browser, Page, async_playwright, expect

from services.embedded import House
from shared.clock import new_id, now
from shared.web.forms import Form
from shared.web.proof import ALGORITHM, Proofs
from tests.security.settled import Settled
from tests.security.test_limits import rated

CHROMIUM = shutil.which("chromium")
ARGUMENTS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
PROOFS = Proofs("a secret of the tests", "mailing")
FAR = {"X-Forwarded-For": "203.0.113.7"}


def solve(challenge: dict[str, Any]) -> str:
    """What a script sends."""
    asked = altcha.Challenge.from_dict(challenge)
    found = altcha.solve_challenge(asked)
    assert found is not None
    return altcha.Payload(asked, found).to_base64()


def test_a_proof_holds_for_one_form_and_its_repeats_alone() -> None:
    proof = solve(PROOFS.challenge())
    form = Form({"email": "awa@puits.example"})
    assert PROOFS.holds(proof, "/lettres", form)
    assert PROOFS.holds(proof, "/lettres", form), "the same form sent again"
    for path, other in (("/annuaire", form), ("/lettres", Form({"email": "autre@puits.example"}, key=form.key))):
        assert not PROOFS.holds(proof, path, other)


def test_a_proof_that_is_old_elsewhere_made_easier_or_not_solved_does_not_hold() -> None:
    form = Form({})
    past = altcha.create_challenge(ALGORITHM, 10, expires_at=now() - timedelta(1), hmac_secret=PROOFS._secret)
    assert not PROOFS.holds(solve(past.to_dict()), "/lettres", form)
    assert not PROOFS.holds(solve(Proofs("a secret of the tests", "events").challenge()), "/lettres", form)
    easier = PROOFS.challenge()
    easier["parameters"] |= {"cost": 1}
    assert not PROOFS.holds(solve(easier), "/lettres", form)
    unsolved = {"challenge": PROOFS.challenge(), "solution": {"counter": 0, "derivedKey": "00" * 32}}
    assert not PROOFS.holds(base64.b64encode(json.dumps(unsolved).encode()).decode(), "/lettres", form)
    huge = {"challenge": PROOFS.challenge(), "solution": {"counter": 1 << 70, "derivedKey": "00" * 32}}
    assert not PROOFS.holds(base64.b64encode(json.dumps(huge).encode()).decode(), "/lettres", form)
    assert not PROOFS.holds("A" * 5_000, "/lettres", form)


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps)))
def test_nothing_else_is_a_proof(text: str) -> None:
    assert not PROOFS.holds(text, "/lettres", Form({}))
    packed = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()
    assert not PROOFS.holds(packed, "/lettres", Form({}))


async def test_a_proof_that_does_not_hold_is_asked_again_and_nothing_happened(
    house: House, client: httpx.AsyncClient
) -> None:
    email = f"preuve{new_id().hex}@puits.example"
    for bad in ("?", "bad", solve(Proofs("another secret", "mailing").challenge())):
        refused = await client.post("/lettres", data={"email": email, "altcha": bad})
        assert refused.status_code == 422
        assert "n’avait pas fini de préparer l’envoi" in refused.text
        assert email in refused.text
    async with house.services["mailing"].db.reading() as tx:
        assert not await tx.fetchval("SELECT count(*) FROM subscription_request WHERE email = $1", email)
    good = solve((await client.get("/mailing/proof")).json())
    sent = await client.post("/lettres", data={"email": email, "altcha": good})
    assert sent.status_code == 303


async def test_with_a_proof_a_crowd_behind_one_address_is_not_held_up(house: House, client: httpx.AsyncClient) -> None:
    async def send(number: int, **more: str) -> int:
        typed = {"email": f"salle{number}{new_id().hex}@puits.example"} | more
        return (await client.post("/lettres", data=typed, headers=FAR)).status_code

    with rated(house, rate_without_proof="2/hour"):
        assert [await send(n) for n in range(3)] == [303, 303, 429]
        challenges = [(await client.get("/mailing/proof")).json() for _ in range(3)]
        assert [await send(n, altcha=solve(one)) for n, one in enumerate(challenges)] == [303] * 3


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield found
        await found.close()


async def opened(browser: Browser, house: House, path: str, **more: Any) -> tuple[Page, list[str], list[str]]:
    """A page, what it complained of, and the proofs that its forms sent."""
    context = await browser.new_context(base_url=house.settings.public_url, locale="fr", **more)
    page = await context.new_page()
    said: list[str] = []
    sent: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))

    def note(request: Any) -> None:
        if request.method == "POST":
            fields = dict(re.findall(r"([^&=]+)=([^&]*)", request.post_data or ""))
            sent.append(fields.get("altcha", "absent"))

    page.on("request", note)
    await page.goto(path)
    return page, said, sent


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
async def test_somebody_with_a_script_proves_it_without_knowing(
    browser: Browser, house: House, settled: Settled
) -> None:
    there = f"/agenda/{settled.words['events slug']}/inscription"
    with rated(house, rate_without_proof="1/hour"):
        for _ in range(2):
            page, said, sent = await opened(browser, house, "/lettres", extra_http_headers=FAR)
            await page.fill("#email", f"script{new_id().hex}@puits.example")
            await page.get_by_role("button", name="M’abonner").click()
            await expect(page).to_have_url(re.compile("/lettres/demande"), timeout=20_000)
            assert (len(sent), said) == (1, [])
            assert len(sent[0]) > 100
            await page.context.close()
        page, said, sent = await opened(browser, house, there, extra_http_headers=FAR)
        await page.fill("#name", "Awa Lacoste")
        await page.fill("#email", f"script{new_id().hex}@puits.example")
        async with page.expect_navigation(timeout=20_000):
            await page.get_by_role("button", name=re.compile("inscrire|attente")).click()
        await expect(page.locator("#erreurs")).to_have_count(0)
        assert (len(sent), said) == (1, [])
        assert len(sent[0]) > 100
        await page.context.close()


async def test_every_public_form_that_acts_asks_for_the_proof(client: httpx.AsyncClient, settled: Settled) -> None:
    registration = f"/agenda/{settled.words['events slug']}/inscription"
    last_step = f"/annuaire/referencement/{settled.words['registry draft']}?etape=4"
    simple = ("/connexion", "/annuaire/demande", "/donnees-personnelles")
    for path in ("/lettres", registration, "/annuaire/groupes/togo", *simple, last_step):
        page = (await client.get(path)).text
        found = re.search(r'<input type="hidden" name="altcha" value="" [^>]*data-proof="(/[a-z]+/proof)">', page)
        assert found, path
        assert (await client.get(found[1])).json()["signature"]


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
async def test_somebody_without_a_script_or_without_the_challenge_is_heard_too(browser: Browser, house: House) -> None:
    for more in ({"java_script_enabled": False}, {}):
        page, _said, sent = await opened(browser, house, "/lettres", **more)
        await page.route("**/mailing/proof", lambda route: route.abort())
        await page.fill("#email", f"sans{new_id().hex}@puits.example")
        await page.get_by_role("button", name="M’abonner").click()
        await expect(page).to_have_url(re.compile("/lettres/demande"), timeout=20_000)
        assert sent == [""]
        await page.context.close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
async def test_after_a_mistake_and_after_going_back_a_new_proof_is_found(browser: Browser, house: House) -> None:
    page, said, sent = await opened(browser, house, "/lettres")
    await page.fill("#email", "personne")
    await page.get_by_role("button", name="M’abonner").click()
    await expect(page.locator("#erreurs")).to_be_focused()
    await page.fill("#email", f"encore{new_id().hex}@puits.example")
    await page.get_by_role("button", name="M’abonner").click()
    await expect(page).to_have_url(re.compile("/lettres/demande"), timeout=20_000)
    page_of_another_day, said_then, sent_then = await opened(browser, house, "/lettres")
    for _ in range(2):
        await page_of_another_day.fill("#email", f"encore{new_id().hex}@puits.example")
        await page_of_another_day.get_by_role("button", name="M’abonner").click()
        await expect(page_of_another_day).to_have_url(re.compile("/lettres/demande"), timeout=20_000)
        await page_of_another_day.go_back()
    assert [len(one) > 100 for one in sent + sent_then] == [True] * 4
    assert len({*sent, *sent_then}) == 4
    assert [one for one in said + said_then if "422" not in one and "Autofocus" not in one] == []
    await page.context.close()
    await page_of_another_day.context.close()
