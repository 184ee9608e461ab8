"""The SQL of the product: literals passed to a connection, in place or as a constant of the same module."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.sources import place, tree_of

METHODS = {"fetch", "fetchrow", "fetchval", "execute", "executemany", "cursor"}
NOT_A_CONNECTION = {"client", "outbound", "response", "subscription", "sub", "self"}


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and where it stands."""

    place: str
    sql: str


def statements_in(file: Path) -> Iterator[Statement | str]:
    """The literals of a file; a place where SQL is not one comes as a string that says so."""
    tree = tree_of(file)
    constants = {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        if node.func.attr not in METHODS or _speaks_to_no_database(node.func.value):
            continue
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield Statement(place(file, node), first.value)
        elif isinstance(first, ast.Name) and first.id in constants:
            yield Statement(place(file, node), constants[first.id])
        else:
            yield f"{place(file, node)}: {ast.unparse(first)[:80]}"


def _speaks_to_no_database(owner: ast.expr) -> bool:
    name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    return name in NOT_A_CONNECTION
