"""Logs hold no address and no signed link."""

import pytest

from shared.log import without_addresses


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("mail to awa.lacoste@puits.example refused", "mail to …@… refused"),
        ("GET /annuaire/demande/eyJpZCI6IjAxOTQwMWYw.abc_def-ghi", "GET /annuaire/demande/…"),
        ("nothing personal here", "nothing personal here"),
    ],
)
def test_addresses_and_links_are_blanked(said: str, kept: str) -> None:
    assert without_addresses(said) == kept
