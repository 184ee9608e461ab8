"""What CI asks beside the tests: is a secret in a file (then it fails), is a fault known in a library of the lock.

Advisories come from outside: where nobody answers, or knows a library, it is said and does not fail the run.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BASELINE = Path(__file__).with_name("secrets.baseline")
LOCK = "requirements/run.txt"
SECONDS = 90
APART = (".woff2", ".png", ".gz", ".geojson", ".topojson", ".pdf")
DATA = (
    "requirements/run.txt",
    "requirements/dev.txt",
    "shared/reference/data/",
    "shared/contracts/snapshots/",
    "examples/",
)


def looked_into(names: Iterable[str]) -> list[str]:
    """The files where somebody could leave a secret: not the locks, whose hashes look like one, nor vendored data."""
    return [one for one in names if not one.endswith(APART) and not one.startswith(DATA)]


def secrets(names: Iterable[str], root: Path = ROOT) -> int:
    """0 where no file holds a secret that `secrets.baseline` does not know; each other is printed with its place."""
    command = [sys.executable, "-m", "detect_secrets", "scan", "--no-verify", *looked_into(names)]
    asked = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    known = {(file, one["hashed_secret"]) for file, one in _found(json.loads(BASELINE.read_text()))}
    new = [(file, one) for file, one in _found(json.loads(asked.stdout)) if (file, one["hashed_secret"]) not in known]
    for file, one in new:
        sys.stdout.write(f"{file}:{one['line_number']}: {one['type']}\n")
    sys.stdout.write(f"What is no secret stands in .ci/{BASELINE.name}.\n" if new else "No secret in a file.\n")
    return int(bool(new))


def _found(report: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(file, one) for file, lines in report["results"].items() for one in lines]


def tracked() -> list[str]:
    """Every file of the repository."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file() and ROOT / name != BASELINE]


def advisories() -> int:
    """1 where a library of the lock has a known fault; 0 where none has, or where nobody could tell."""
    command = [sys.executable, "-m", "pip_audit", "-r", LOCK, "--disable-pip", "--require-hashes", "-f", "json"]
    try:
        asked = subprocess.run(
            [*command, "--progress-spinner", "off", "--timeout", "10"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        report = json.loads(asked.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        sys.stdout.write("The advisory service did not answer: the libraries were not audited.\n")
        return 0
    status, said = judged(report)
    sys.stdout.write("".join(f"{line}\n" for line in said))
    return status


def judged(report: dict[str, Any]) -> tuple[int, list[str]]:
    """What a report of pip-audit comes to, and in which words."""
    known = [one for one in report["dependencies"] if "vulns" in one]
    unknown = len(report["dependencies"]) - len(known)
    said = [
        f"{one['name']} {one['version']}: {fault['id']}, cured in {', '.join(fault['fix_versions']) or 'nothing yet'}"
        for one in known
        for fault in one["vulns"]
    ]
    status = int(bool(said))
    said += [f"{len(known)} libraries audited."] if known else []
    said += [f"The advisory service did not know {unknown} libraries: they were not audited."] if unknown else []
    return status, said


if __name__ == "__main__":
    sys.exit(secrets(tracked()) | advisories())
