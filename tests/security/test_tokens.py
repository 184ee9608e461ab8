"""Signed words: one purpose each, nothing for another page, nothing once changed; and a GET never acts."""

import asyncio
import string

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from services.embedded import House
from services.events import links as events
from services.mailing import links as mailing
from services.observatory.pages.team import SHOWN_ONCE
from services.registry import links as registry
from shared.clock import new_id
from shared.errors import LinkExpired
from shared.web.session import COOKIE, Signer, new_session
from tests.conftest import anybody, eventually
from tests.security.access import Access, access_of, routes_of
from tests.security.asking import call, roles_of, with_something
from tests.security.settled import Settled

PURPOSES = [
    *(registry.FOLLOW, registry.CONFIRM, registry.JOIN, registry.LEAVE, registry.SIGN_IN),
    *(registry.ERASURE, registry.RECEIPT),
    *(events.PURPOSE, events.RESULT),
    *(mailing.CONFIRMATION, mailing.PREFERENCES, mailing.LEAVING),
    *(SHOWN_ONCE, "session", "api-token"),
]
PAGES = {
    "/connexion/{token}": registry.SIGN_IN,
    "/annuaire/demande/{token}": registry.FOLLOW,
    "/annuaire/confirmation/{token}": registry.CONFIRM,
    "/annuaire/adhesion/{token}": registry.JOIN,
    "/donnees-personnelles/effacement/{token}": registry.ERASURE,
    "/donnees-personnelles/recu/{token}": registry.RECEIPT,
    "/agenda/inscription/{token}": events.PURPOSE,
    "/lettres/confirmation/{token}": mailing.CONFIRMATION,
    "/lettres/preferences/{token}": mailing.PREFERENCES,
    "/lettres/desinscription/{token}": mailing.LEAVING,
}
SIGNER = Signer("a secret of the tests")
WORD = {"id": str(new_id()), "role": "administrator", "email": "equipe@reseau.example"}
TOKENS = {purpose: SIGNER.issue(purpose, WORD) for purpose in PURPOSES}
ALPHABET = st.sampled_from(string.ascii_letters + string.digits + "-_.=+/ \u00e9")


def test_each_purpose_has_its_own_word() -> None:
    assert len(set(PURPOSES)) == len(PURPOSES)


def test_a_word_of_one_purpose_is_nothing_for_any_other() -> None:
    passed = []
    for purpose, token in TOKENS.items():
        for other in PURPOSES:
            try:
                SIGNER.read(other, token)
            except LinkExpired:
                continue
            passed.append((purpose, other))
    assert passed == [(purpose, purpose) for purpose in PURPOSES]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PURPOSES), st.integers(0, 400), st.integers(0, 3), st.text(ALPHABET, max_size=3))
def test_a_changed_word_gives_nobody_and_nothing(purpose: str, place: int, cut: int, put: str) -> None:
    token = TOKENS[purpose]
    place %= len(token) + 1
    changed = token[:place] + put + token[place + cut :]
    if changed == token:
        return
    for other in PURPOSES:
        try:
            found = SIGNER.read(other, changed)
        except LinkExpired:
            continue
        assert (other, found) == (purpose, WORD), "base64 may be written in more than one way; it says the same"
    for kind in ("session", "api-token"):
        session = SIGNER.read_session(changed, kind)
        assert session is None or (purpose == kind and str(session.token_id) == WORD["id"])


async def test_a_link_opens_its_own_page_and_no_other(
    house: House, client: httpx.AsyncClient, settled: Settled
) -> None:
    """The same ids, signed by us for another page: nothing there, by GET and by POST."""
    signer = house.services["registry"].signer
    faults = []
    for route, wanted in PAGES.items():
        known = settled.links.get(route)
        word = signer.read(wanted, known) if known else {"id": str(new_id()), "email": house.settings.team_email}
        for purpose in PURPOSES:
            if purpose == wanted or {purpose, wanted} == {registry.JOIN, registry.LEAVE}:
                continue
            address = route.replace("{token}", signer.issue(purpose, word))
            for method in ("GET", "POST"):
                answer = await call(client, method, address, {})
                if answer.status_code not in (404, 405):
                    faults.append(f"{method} {route} with a word for {purpose}: {answer.status_code}")
    assert faults == []


async def test_a_word_in_a_cookie_or_a_header_is_a_session_only_if_it_was_made_one(house: House) -> None:
    signer = house.services["registry"].signer
    word = {"id": str(new_id()), "role": "administrator", "email": house.settings.team_email}
    async with anybody(house) as client:
        for purpose in PURPOSES:
            token = signer.issue(purpose, word)
            by_cookie = await client.get("/annuaire/equipe", headers={"Cookie": f"{COOKIE}={token}"})
            assert (by_cookie.status_code == 200) is (purpose == "session"), purpose
            by_header = await client.get("/annuaire/equipe", headers={"Authorization": f"Bearer {token}"})
            assert (by_header.status_code == 200) is (purpose == "api-token"), purpose


async def test_a_session_of_an_unknown_role_is_nobody_of_the_team(house: House, client: httpx.AsyncClient) -> None:
    signer = house.services["registry"].signer
    token = signer.issue("api-token", {"id": str(new_id()), "role": "root", "email": ""})
    answer = await client.get("/api/registry/v1/listing-requests", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


async def test_a_sequence_number_is_in_no_public_address(house: House, settled: Settled) -> None:
    for name, service in house.services.items():
        for _method, path in routes_of(name, service.app):
            for part in with_something(name, path, settled).split("/") if "{" in path and "{token}" not in path else ():
                assert not part.isdigit(), path


BY_THE_CLOCK = {"mailing.sender"}
"""What moves although nobody asks anything: the sender says that it lives."""


async def contents(house: House) -> dict[str, str]:
    """What each table of each service holds, as a digest."""
    found = {}
    for name, service in house.services.items():
        async with service.db.reading() as tx:
            rows = await tx.fetch("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
            for row in rows:
                table = row["tablename"]
                if f"{name}.{table}" in BY_THE_CLOCK:
                    continue
                found[f"{name}.{table}"] = await tx.fetchval(
                    f"SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM \"{table}\" t"
                )
    return found


async def quiet(house: House) -> dict[str, str]:
    """The same, once nothing that was begun moves it any more."""
    before = await contents(house)
    for _ in range(20):
        await asyncio.sleep(1)
        after = await contents(house)
        if after == before:
            return after
        before = after
    raise AssertionError("the house does not come to rest")


async def test_no_get_of_any_route_changes_a_row(house: House, client: httpx.AsyncClient, settled: Settled) -> None:
    before = await quiet(house)
    roles = roles_of(house, settled)
    for name, service in house.services.items():
        for method, path in routes_of(name, service.app):
            if method == "GET" and ("{token}" not in path or path[: path.find("}") + 1] in settled.links):
                team = access_of(name, method, path) in (Access.TEAM, Access.ADMINISTRATOR)
                address = with_something(name, path, settled)
                await call(client, method, address, roles["administrator" if team else "anonymous"])
    changed = {table for table, held in (await contents(house)).items() if held != before[table]}
    assert changed == set()


async def test_the_look_at_rows_sees_one_that_a_post_writes(house: House, client: httpx.AsyncClient) -> None:
    before = await contents(house)
    sent = await client.post(
        "/lettres", data={"email": f"controle{new_id().hex}@puits.example", "topics": "newsletter"}
    )
    assert sent.status_code == 303
    changed = {table for table, held in (await contents(house)).items() if held != before[table]}
    assert "mailing.subscription_request" in changed


async def test_a_revoked_session_is_nobody_in_every_service(house: House) -> None:
    registry_ = house.services["registry"]
    session = new_session("staff", "equipe@reseau.example")
    async with anybody(house) as mine:
        mine.cookies.set(COOKIE, registry_.signer.session(session))
        pages = ("/annuaire/equipe", "/agenda/equipe", "/lettres/equipe", "/observatoire/equipe")
        assert [(await mine.get(page)).status_code for page in pages] == [200] * 4
        kept = mine.cookies[COOKIE]
        await mine.post("/deconnexion")

        async def refused() -> bool:
            mine.cookies.set(COOKIE, kept)
            return [(await mine.get(page)).status_code for page in pages] == [303] * 4

        assert await eventually(refused, 20)
