"""Signed words: a changed token gives nobody, another purpose gives nothing."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import LinkExpired
from shared.web.session import Signer, new_session

SIGNER = Signer("a secret of the tests")
WORD = {"id": "019401f0-0000-7000-8000-000000000001"}
TOKEN = SIGNER.issue("registration", WORD)
ALPHABET = string.ascii_letters + string.digits + "-_."


def test_a_token_gives_its_word_back() -> None:
    assert SIGNER.read("registration", TOKEN) == WORD


@pytest.mark.parametrize("purpose", ["subscription", "session", "api-token", "sign-in", ""])
def test_a_token_of_one_purpose_is_nothing_for_another(purpose: str) -> None:
    with pytest.raises(LinkExpired):
        SIGNER.read(purpose, TOKEN)


def test_every_one_character_change_is_refused() -> None:
    accepted = []
    for place in range(len(TOKEN)):
        for character in ALPHABET:
            changed = TOKEN[:place] + character + TOKEN[place + 1 :]
            if changed != TOKEN:
                try:
                    accepted.append(SIGNER.read("registration", changed))
                except LinkExpired:
                    continue
    assert accepted == []


def test_a_token_of_another_secret_is_refused() -> None:
    with pytest.raises(LinkExpired):
        Signer("another secret").read("registration", TOKEN)


def test_an_old_token_is_refused() -> None:
    with pytest.raises(LinkExpired):
        SIGNER.read("registration", TOKEN, max_age=-1)


@settings(max_examples=200)
@given(st.text())
def test_no_text_is_a_session(text: str) -> None:
    assert SIGNER.read_session(text, "session") is None
    assert SIGNER.read_session(text, "api-token") is None


def test_a_cookie_is_no_api_token() -> None:
    session = new_session("staff", "equipe@reseau.example")
    assert SIGNER.read_session(SIGNER.session(session), "api-token") is None
    found = SIGNER.read_session(SIGNER.session(session), "session")
    assert found is not None
    assert (found.token_id, found.role, found.is_team) == (session.token_id, "staff", True)
