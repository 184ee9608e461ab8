"""How large each bench is: as BENCH.md asks, a short form that checks the same in seconds, or a size of one's own."""

import os

FULL = {
    "relay": 50_000,
    "consume": 50_000,
    "replay": 1_000_000,
    "letters": 20_000,
    "directory": 100_000,
    "indicators": 1_000_000,
    "import": 10_000,
    "growth": 1_000_000,
}
SHORT = {
    "relay": 5_000,  # two rounds of several batches: as below
    "consume": 5_000,  # the registry hears a tenth: more than one batch, or there is nothing between its commits
    "replay": 2_000,
    "letters": 200,
    "directory": 2_000,
    "indicators": 5_000,
    "import": 200,
    "growth": 2_000,
}


def short() -> bool:
    """Whether the short form was asked for (`--short`, or MAILLAGE_BENCH=short)."""
    return os.environ.get("MAILLAGE_BENCH") == "short"


def size_of(bench: str) -> int:
    """How many rows, events or letters; `--size` (MAILLAGE_BENCH_SIZE) goes before the form."""
    asked = os.environ.get("MAILLAGE_BENCH_SIZE")
    return int(asked) if asked else (SHORT if short() else FULL)[bench]
