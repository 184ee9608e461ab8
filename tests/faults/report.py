"""docs/faults.md, written by the run itself: what was done, the figures of the last long run, the honest limit."""

import os
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
LONG = os.environ.get("MAILLAGE_FAULTS") == "long"
ACK_WAIT = 20 if LONG else 4
"""After so many seconds what was not acknowledged comes again: as delivered, or sooner in the short form."""
HEAD = """# Faults, and what survived them

Written by `make faults` (the long form); one section a fault, replaced when that fault is run again. Each test looks
from the outside: what the client was told, against the databases, the mail that arrived and the figures. Each has a
control: a guard is taken away, and the same judge must then see the loss. `make test` plays the short form.
`make faults ONLY=12` plays one; all of them take an hour and a half on two cores that do other things too, most of it
in 1, 12 and 14.
"""
_SECTION = re.compile(r"^## ", re.MULTILINE)


@dataclass
class Account:
    """What one fault's test tells of itself while it runs."""

    number: int
    title: str
    seed: int
    done: list[str] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)
    controls: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)

    def did(self, sentence: str) -> None:
        """One step of the fault, as it was played."""
        self.done.append(sentence)

    def figure(self, name: str, value: object) -> None:
        """One figure of this run."""
        self.figures[name] = value

    def control(self, sentence: str) -> None:
        """What was taken away, and the loss that the judge then saw."""
        self.controls.append(sentence)

    def limit(self, sentence: str) -> None:
        """What this does not show, or what may still happen."""
        self.limits.append(sentence)

    def section(self) -> str:
        """The fault's part of the page."""
        ran = f"Run of {datetime.now(UTC):%Y-%m-%d}, seed {self.seed}, load average {os.getloadavg()[1]:.0f}."
        lines = [f"## {self.number}. {self.title}", "", ran, ""]
        lines += [f"- {sentence}" for sentence in self.done] + ["", "| figure | value |", "|---|---|"]
        lines += [f"| {name} | {value} |" for name, value in self.figures.items()] + [""]
        for sentence in [f"Control: {one}" for one in self.controls] + [f"Limit: {one}" for one in self.limits]:
            lines += [sentence, ""]
        return "\n".join(lines).rstrip() + "\n"


def write(accounts: list[Account]) -> None:
    """Replace the sections of the faults that were run; the others stay as their own last run left them."""
    sections = {int(text.split(".", 1)[0]): f"## {text.strip()}\n" for text in _sections()}
    sections |= {account.number: account.section() for account in accounts if account.figures}
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text("\n".join([HEAD, *(sections[number] for number in sorted(sections))]))


def _sections() -> list[str]:
    return _SECTION.split(PAGE.read_text())[1:] if PAGE.exists() else []
