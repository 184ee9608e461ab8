"""The shape of the house: short rooms, short functions, words where numbers pass, nothing of this machine in a file."""

import ast
import re
import subprocess

import pytest

from tests.architecture.sources import ROOT, place, python_files, tree_of

LONGEST_FILE = 300
LONGEST_FUNCTION = 50
SHARED_LINES = 1_500
APART = ("contracts", "web", "embedded", "reference")
"""Rooms of shared/ that are not counted: words, pages, servers, and lists vendored with their lookups."""


def test_no_file_is_over_300_lines() -> None:
    long = {place(file): n for file in python_files() if (n := len(file.read_text().splitlines())) > LONGEST_FILE}
    assert long == {}


def test_no_function_is_over_50_lines() -> None:
    long = {
        place(file, node): node.end_lineno - node.lineno + 1
        for file in python_files()
        for node in ast.walk(tree_of(file))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert long == {}


def test_shared_takes_in_only_what_two_services_need() -> None:
    files = [file for file in python_files() if file.is_relative_to(ROOT / "shared")]
    counted = [file for file in files if file.relative_to(ROOT / "shared").parts[0] not in APART]
    assert sum(len(file.read_text().splitlines()) for file in counted) < SHARED_LINES


def test_public_names_have_a_docstring() -> None:
    bare = [
        place(file, node)
        for file in python_files()
        for node in tree_of(file).body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
    ]
    assert bare == []


def tracked_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_locks_carry_hashes_and_no_address() -> None:
    for name in ("requirements/run.txt", "requirements/dev.txt"):
        lock = (ROOT / name).read_text()
        assert "--hash=sha256:" in lock
        assert "://" not in lock
        assert "index-url" not in lock


@pytest.mark.parametrize("pattern", [r"/root/[a-z.]", r"/work/(main|shared)", r"/home/[a-z]+/"])
def test_no_path_of_a_machine_is_in_any_file(pattern: str) -> None:
    ours = [name for name in tracked_files() if not name.endswith((".woff2", ".gz", ".png", ".webp"))]
    found = [name for name in ours if re.search(pattern, (ROOT / name).read_text(errors="replace"))]
    assert found == [name for name in found if name == "tests/architecture/test_shape.py"]
