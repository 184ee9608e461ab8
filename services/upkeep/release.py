"""Releases on one machine: a link says which one runs, the one before is kept beside it."""

import sys
from pathlib import Path

from services.upkeep.errors import UpkeepRefused

PREVIOUS = "previous"


def ours() -> Path:
    """The release whose command this is: its environment's folder."""
    return Path(sys.prefix).resolve()


def target(link: Path) -> Path:
    """The release a link leads to; UpkeepRefused where there is none."""
    if not link.is_symlink() or not link.exists():
        raise UpkeepRefused(f"{link} ne mène à aucune version installée\u00a0: voir docs/operate.md, Install.")
    return link.resolve()


def lead(link: Path, release: Path) -> None:
    """Make a link lead to a release, at once: there is no moment without it."""
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(release)
    fresh.replace(link)


def switch(link: Path, release: Path) -> Path:
    """Let `release` run from now on, and keep the one before; returns that one."""
    before = target(link)
    if before != release:
        lead(link.with_name(PREVIOUS), before)
        lead(link, release)
    return before


def migrations_of_release(release: Path) -> set[str]:
    """The names of a release's migrations, read in its files; UpkeepRefused where it has none."""
    found = {
        f"{file.parent.parent.name}/{file.stem}"
        for file in release.glob("lib/python3*/site-packages/s*/**/migrations/[0-9][0-9][0-9][0-9]_*.sql")
    }
    if not found:
        raise UpkeepRefused(f"{release} n’est pas une version installée de Maillage.")
    return found
