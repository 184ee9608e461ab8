"""The product's own Python files, read once."""

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).parents[2]


@functools.cache
def python_files() -> tuple[Path, ...]:
    """Every module of services and shared."""
    return tuple(sorted([*ROOT.glob("services/**/*.py"), *ROOT.glob("shared/**/*.py")]))


@functools.cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def place(file: Path, node: ast.AST | None = None) -> str:
    """`services/registry/api.py:12`, as an editor opens it."""
    return f"{file.relative_to(ROOT)}{f':{node.lineno}' if node is not None and hasattr(node, 'lineno') else ''}"
