"""Each bench in its short form: it runs, its own checks pass, and its JSON lines come last with the keys people read.

Minutes in all, so not in `make test`: `.venv/bin/pytest tests/bench`, or one with `-k relay`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import NAMES
from bench.measure import Line
from bench.sizes import FULL, SHORT

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 400


@pytest.mark.parametrize("name", NAMES)
def test_the_short_form_runs_and_its_checks_pass(name: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "bench", name],
        cwd=ROOT,
        env=os.environ | {"MAILLAGE_BENCH": "short"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-2000:]
    told = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    assert told
    assert ended.stdout.rstrip().endswith("}")
    for line in told:
        assert tuple(line) == Line.__slots__
        assert line["bench"] == name
        assert line["ours"] > 0


def test_a_bench_that_does_not_exist_is_named_with_those_that_do() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "bench", "inconnu"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert "inconnu" in ended.stderr
    assert "relay" in ended.stderr


def test_a_short_form_is_shorter() -> None:
    assert SHORT.keys() == FULL.keys()
    assert all(SHORT[name] < FULL[name] for name in FULL)
