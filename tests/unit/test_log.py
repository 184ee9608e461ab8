"""Logs hold no address and no signed link."""

import subprocess
import sys

import pytest

from shared.log import without_addresses


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("mail to awa.lacoste@puits.example refused", "mail to …@… refused"),
        ("GET /annuaire/demande/eyJpZCI6IjAxOTQwMWYw.abc_def-ghi", "GET /annuaire/demande/…"),
        ("POST /lettres/desinscription/eyJpZCI6IjAxOTQwMWYw.abc_def-ghi", "POST /lettres/desinscription/…"),
        ("nothing personal here", "nothing personal here"),
    ],
)
def test_addresses_and_links_are_blanked(said: str, kept: str) -> None:
    assert without_addresses(said) == kept


LOGS_AN_ERROR = """
import logging, structlog
from shared import log
log.configure()
def sign(password):
    raise ValueError("no")
try:
    sign("hunter2-hunter2")
except ValueError as error:
    structlog.get_logger().error("refused", exc_info=error)
    logging.getLogger("a library").exception("refused")
"""


def test_a_logged_error_says_where_and_not_with_what() -> None:
    logged = subprocess.run([sys.executable, "-c", LOGS_AN_ERROR], capture_output=True, text=True, check=True).stderr
    assert logged.count('"name": "sign"') == 2
    assert "hunter2" not in logged.replace('sign("hunter2-hunter2")', "")
