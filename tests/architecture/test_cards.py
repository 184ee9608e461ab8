"""A card tells the truth about its service: what it says, what it hears, what it owns."""

import ast
import importlib
import re

import pytest

from services.houses import CARDS
from shared.contracts import contracts
from tests.architecture.sources import ROOT, python_files, tree_of

SHAPES = {shape.__name__: shape for shape in contracts().values()}


def shapes_built_in(service: str) -> set[str]:
    """The contracts that the service’s code constructs, by name or by `.of(...)`."""
    built = set()
    for file in python_files():
        if not file.is_relative_to(ROOT / "services" / service):
            continue
        for node in ast.walk(tree_of(file)):
            names = (
                {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
                if isinstance(node, ast.Module)
                else set()
            )
            built |= {name for name in names if name in SHAPES and SHAPES[name].service == service}
            if isinstance(node, ast.Attribute) and node.attr in SHAPES and SHAPES[node.attr].service == service:
                built.add(node.attr)
    return built


@pytest.mark.parametrize("name", sorted(CARDS))
def test_a_card_lists_what_its_service_says(name: str) -> None:
    assert {shape.__name__ for shape in CARDS[name].publishes} == shapes_built_in(name)


@pytest.mark.parametrize("name", sorted(CARDS))
def test_a_service_says_only_its_own_facts(name: str) -> None:
    assert {shape.service for shape in CARDS[name].publishes} <= {name}


@pytest.mark.parametrize("name", sorted(CARDS))
def test_a_card_lists_what_its_service_hears(name: str) -> None:
    handled = set(importlib.import_module(f"services.{name}.handlers").HANDLERS)
    assert {shape.__name__ for shape in CARDS[name].listens} == {shape.__name__ for shape in handled} | {
        "AccessRevoked"
    }


@pytest.mark.parametrize("name", sorted(CARDS))
def test_a_card_lists_the_tables_its_service_owns(name: str) -> None:
    sql = "\n".join(file.read_text() for file in sorted((ROOT / "services" / name / "migrations").glob("*.sql")))
    made = set(re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", sql)) - set(re.findall(r"DROP TABLE (\w+)", sql))
    assert set(CARDS[name].owns) == made


def test_every_contract_is_said_by_its_service() -> None:
    said = {shape.contract() for card in CARDS.values() for shape in card.publishes}
    assert said == set(contracts())


def test_the_observatory_hears_nothing_personal() -> None:
    assert {shape.stream for shape in CARDS["observatory"].listens} == {"FACTS"}
