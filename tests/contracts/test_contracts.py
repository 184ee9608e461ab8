"""Released contracts: every one has an example, its schema changes only by new optional fields, old examples parse.

`MAILLAGE_RELEASE=1 pytest tests/contracts` keeps the snapshot and example of a new contract; it never rewrites one.
"""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.facts_page import facts_page
from shared.clock import new_id
from shared.contracts import Envelope, Fact, PersonalEvent, contracts, normalise, parse, person_key
from shared.contracts.base import DomainEvent, UnknownContract
from shared.contracts.examples import EXAMPLES

SNAPSHOTS = Path(__file__).parents[2] / "shared" / "contracts" / "snapshots"
NAMES = sorted(contracts())
PERSONAL_FIELDS = {"email", "name", "phone", "contact_name", "contact_email", "speaker", "description", "person_key"}


def example_of(name: str) -> DomainEvent:
    return EXAMPLES[contracts()[name]]


def kept(name: str) -> dict[str, Any]:
    """The schema and examples kept at the release of a contract."""
    file = SNAPSHOTS / f"{name}.json"
    if not file.exists() and os.environ.get("MAILLAGE_RELEASE"):
        release = {
            "schema": contracts()[name].model_json_schema(),
            "examples": [example_of(name).model_dump(mode="json")],
        }
        SNAPSHOTS.mkdir(exist_ok=True)
        file.write_text(json.dumps(release, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    return dict(json.loads(file.read_text()))


@pytest.mark.parametrize("name", NAMES)
def test_a_contract_has_an_example_that_survives_the_wire(name: str) -> None:
    example = example_of(name)
    assert parse(name, example.model_dump_json(exclude_none=True)) == example


@pytest.mark.parametrize("name", NAMES)
def test_a_kept_example_of_a_released_contract_parses(name: str) -> None:
    for example in kept(name)["examples"]:
        parse(name, json.dumps(example))


@pytest.mark.parametrize("name", NAMES)
def test_a_released_contract_changes_only_by_a_new_optional_field(name: str) -> None:
    faults = differences(kept(name)["schema"], contracts()[name].model_json_schema())
    assert faults == []


def test_no_released_contract_was_dropped() -> None:
    assert {file.stem for file in SNAPSHOTS.glob("*.json")} <= set(NAMES)


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What a reader of the old contract, or a writer of it, would trip over."""
    faults = [f"newly required: {field}" for field in set(new.get("required", ())) - set(old.get("required", ()))]
    faults += [f"no longer promised: {field}" for field in set(old.get("required", ())) - set(new.get("required", ()))]
    for field, shape in old.get("properties", {}).items():
        there = new.get("properties", {}).get(field)
        if there is None:
            faults.append(f"gone: {field}")
        elif _bare(there) != _bare(shape):
            faults.append(f"changed: {field}")
    for name, definition in old.get("$defs", {}).items():
        faults += [f"{name}: {fault}" for fault in differences(definition, new.get("$defs", {}).get(name, {}))]
    return faults


def _bare(shape: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in shape.items() if key not in ("description", "title", "default")}


def test_the_comparison_sees_what_it_is_there_to_see() -> None:
    old = {"required": ["a"], "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}
    assert differences(old, old) == []
    assert differences(old, old | {"required": ["a", "b"]}) == ["newly required: b"]
    assert differences(old, old | {"properties": {"a": {"type": "string"}}}) == ["gone: b"]
    assert differences(old, old | {"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}) == [
        "changed: a"
    ]
    assert differences(old, old | {"properties": old["properties"] | {"c": {"type": "string"}}}) == []


@pytest.mark.parametrize("name", [name for name in NAMES if issubclass(contracts()[name], Fact)])
def test_a_fact_holds_nothing_personal(name: str) -> None:
    fields = set(contracts()[name].model_fields)
    if "organisation" in name or "group_recorded" in name:
        fields.discard("name")  # the name of a structure or a group is public
    if name == "registry.erasure_requested.v1":
        fields.discard("person_key")  # the one fact that carries a key, so that every service knows whom to erase
    assert not fields & PERSONAL_FIELDS
    assert "@" not in example_of(name).model_dump_json()


@pytest.mark.parametrize("name", NAMES)
def test_a_subject_has_its_documented_shape(name: str) -> None:
    event = example_of(name)
    subject = event.subject("so-cooperation")
    if isinstance(event, PersonalEvent):
        assert re.fullmatch(r"people\.so-cooperation\.[a-z]+\.[a-z_]+\.v\d+\.p1[0-9a-f]{64}", subject)
    else:
        assert re.fullmatch(r"maillage\.so-cooperation\.[a-z]+\.[a-z_]+\.v\d+", subject)


def test_an_unknown_contract_is_named() -> None:
    with pytest.raises(UnknownContract, match=r"registry\.nothing\.v1"):
        parse("registry.nothing.v1", b"{}")


def test_an_unknown_field_is_ignored_so_that_the_version_before_reads_what_we_say_now() -> None:
    example = example_of("registry.group_recorded.v1")
    body = json.loads(example.model_dump_json()) | {"said_by_a_later_version": 1}
    assert parse("registry.group_recorded.v1", json.dumps(body)) == example


def test_an_envelope_survives_its_headers() -> None:
    envelope = Envelope(
        new_id(), "registry.group_recorded.v1", datetime(2026, 11, 22, 8, 0, tzinfo=UTC), new_id(), new_id()
    )
    assert Envelope.of(envelope.headers("so-cooperation")) == envelope
    assert envelope.headers("so-cooperation")["Nats-Msg-Id"] == str(envelope.event_id)


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        (" Awa.Lacoste@Puits.Example ", "awa.lacoste@puits.example"),
        ("contact@périgord.example", "contact@xn--prigord-bya.example"),
    ],
)
def test_two_spellings_of_an_address_are_one_person(typed: str, same: str) -> None:
    assert normalise(typed) == normalise(same)
    assert person_key(typed, "secret") == person_key(same, "secret")
    assert person_key(typed, "another secret") != person_key(same, "secret")


@given(st.emails())
def test_normalising_twice_changes_nothing(address: str) -> None:
    assert normalise(normalise(address)) == normalise(address)


def test_the_page_of_every_fact_is_current() -> None:
    page = (Path(__file__).parents[2] / "docs/events.md").read_text()
    assert page == facts_page("so-cooperation"), "run: maillage bus facts > docs/events.md"
    assert all(f"### {contract}\n" in page for contract in contracts())
