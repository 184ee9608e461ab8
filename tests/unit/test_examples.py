"""The season of 2020 says what the documents say, and nothing more; the fictional season is whole and fits it."""

import csv
import itertools
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from shared import reference

SEASON = Path(__file__).parents[2] / "examples" / "saison-2020"
DEMONSTRATION = SEASON.parent / "demonstration"
FILES = ("organisations", "groups", "gatherings", "programmes", "figures")


def rows(name: str) -> list[dict[str, str]]:
    with (SEASON / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_script_makes_the_committed_files_again(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SEASON / "make.py", tmp_path], check=True)
    for name in FILES:
        assert (tmp_path / f"{name}.csv").read_bytes() == (SEASON / f"{name}.csv").read_bytes()


def test_nothing_is_invented_for_a_real_body() -> None:
    for body in rows("organisations"):
        assert not any(body[field] for field in ("siren", "siret", "rna", "website", "description", "themes", "sdgs"))
        assert body["source"]
        assert body["source_lines"]
        assert len(body["source"].split(";")) == len(body["source_lines"].split(";"))


def test_the_board_has_thirty_seats_in_five_colleges_and_all_are_published() -> None:
    board = [body for body in rows("organisations") if "board" in body["role"].split(";")]
    seats = {college.code: sum(b["college"] == college.code for b in board) for college in reference.colleges()}
    assert list(seats.values()) == [9, 8, 5, 5, 3]
    assert all(body["status"] == "published" for body in board)


def test_a_body_written_in_two_ways_is_one_row() -> None:
    names = [body["name"] for body in rows("organisations")]
    assert len(names) == len({reference.fold(name) for name in names}) == 59
    for other in ("SFSF", "Agence Com2", "Ifrée", "CRESS", "pS-Eau", "Initiative Développement - ID"):
        assert other not in names


def test_only_bodies_of_the_region_are_published() -> None:
    for body in rows("organisations"):
        assert body["status"] in ("published", "recorded")
        assert body["within_region"] == "true" or body["status"] == "recorded"


def test_every_code_in_the_season_is_a_known_one() -> None:
    for row in [*rows("organisations"), *rows("gatherings"), *rows("groups")]:
        assert all(reference.country(code) for code in row["countries"].split(";") if code)
        assert all(reference.theme(code) for code in row.get("themes", "").split(";") if code)
        assert not row.get("commune_code") or reference.commune(row["commune_code"])
        assert not row.get("department") or reference.department(row["department"])
        assert not row.get("college") or reference.college(row["college"])
    slugs = {group["slug"] for group in rows("groups")}
    assert {gathering["group"] for gathering in rows("gatherings")} <= {"", *slugs}
    assert all(reference.kind(body["kind"]) for body in rows("organisations") if body["kind"])


def test_the_season_has_its_25_gatherings_and_four_trainings() -> None:
    gatherings = rows("gatherings")
    assert len(gatherings) == len({(g["title"], g["date"]) for g in gatherings}) == 29
    states = [sum(g["status"] == status for g in gatherings) for status in ("held", "cancelled", "postponed")]
    assert states == [24, 2, 3]
    surveyed = [g for g in gatherings if g["very_satisfied_pct"]]
    assert [int(g["declared_count"]) for g in surveyed] == [11, 2, 22, 34]


@pytest.mark.parametrize(
    ("day", "declared"),
    [
        ("2020-05-28", ("17", "at_least", "registered")),
        ("2020-06-18", ("20", "about", "")),
        ("2020-07-08", ("32", "exact", "")),
        ("2020-09-30", ("15", "exact", "registered")),
        ("2020-11-06", ("30", "about", "")),
        ("2020-11-03", ("", "", "")),
    ],
)
def test_a_head_count_stays_as_the_document_says_it(day: str, declared: tuple[str, str, str]) -> None:
    gathering = next(g for g in rows("gatherings") if g["date"] == day)
    assert tuple(gathering[f"declared_{part}"] for part in ("count", "precision", "what")) == declared


def test_the_191_participants_of_2020_are_seven_meetings_and_ten_people() -> None:
    parts = rows("figures")
    counts = {(g["title"], g["date"]): g["declared_count"] for g in rows("gatherings")}
    dated = [part for part in parts if part["part_date"]]
    assert [int(part["part_value"]) for part in dated] == [22, 46, 25, 17, 20, 30, 21]
    assert all(counts[part["part_gathering_title"], part["part_date"]] == part["part_value"] for part in dated)
    assert sum(int(part["part_value"]) for part in parts) == int(parts[0]["value"]) == 191


def test_the_timetable_of_limoges_runs_without_a_hole() -> None:
    programme = rows("programmes")
    assert (programme[0]["starts_at"], programme[-1]["ends_at"]) == ("14:00", "17:30")
    assert all(now["ends_at"] == later["starts_at"] for now, later in itertools.pairwise(programme))


@pytest.mark.parametrize("name", FILES)
def test_french_is_spaced_as_it_should_be(name: str) -> None:
    text = (SEASON / f"{name}.csv").read_text(encoding="utf-8")
    assert not any(bad in text for bad in (" ?", " !", " :", "« ", " »", "'"))


def fictional(name: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads((DEMONSTRATION / f"{name}.json").read_text(encoding="utf-8"))
    return items


def test_the_fictional_season_is_made_again_the_same(tmp_path: Path) -> None:
    subprocess.run([sys.executable, DEMONSTRATION / "make.py", tmp_path], check=True)
    for name in ("organisations", "gatherings", "registrations", "watch_items", "subscribers"):
        assert (tmp_path / f"{name}.json").read_bytes() == (DEMONSTRATION / f"{name}.json").read_bytes()


def test_sixty_fictional_structures_cover_the_twelve_departments_and_the_five_colleges() -> None:
    structures = fictional("organisations")
    assert len({s["name"] for s in structures}) == len(structures) == 60
    assert {s["department"] for s in structures} == {d.code for d in reference.departments_of_region("75")}
    assert {s["college"] for s in structures} == {c.code for c in reference.colleges()}
    assert {s["kind"] for s in structures} == {k.code for k in reference.kinds()} - {"region"}
    assert sum(s["status"] == "published" for s in structures) == 52
    assert sum(s.get("confirmed_days_ago", 0) > 365 for s in structures) == 3
    for structure in structures:
        commune = reference.commune(structure["commune_code"])
        assert commune is not None
        assert commune.department == structure["department"]


def test_no_fictional_structure_takes_the_name_of_a_body_of_2020_or_of_a_commune() -> None:
    real = {reference.fold(body["name"]) for body in rows("organisations")}
    for structure in fictional("organisations"):
        assert reference.fold(structure["name"]) not in real
        assert not structure["name"].startswith("Commune de ") or not reference.communes_named(
            structure["name"].removeprefix("Commune de ")
        )
        assert not any(structure.get(number) for number in ("siren", "siret", "rna", "phone"))


def test_every_code_in_the_fictional_season_is_a_known_one() -> None:
    slugs = {group["slug"] for group in rows("groups")}
    for item in [*fictional("organisations"), *fictional("gatherings"), *fictional("watch_items")]:
        assert all(reference.country(code) for code in item["countries"])
        assert all(reference.theme(code) for code in item["themes"])
        assert all(reference.sdg(number) for number in item.get("sdgs", []))
        assert item.get("group", "") in {"", *slugs}
    for reader in [*fictional("subscribers"), *fictional("organisations")]:
        asked = {topic.removeprefix("group:") for topic in reader["topics"]}
        assert asked
        assert asked <= {"newsletter", "trainings", "calls", *slugs}


def test_every_address_of_the_fictional_season_ends_in_example() -> None:
    for name in ("organisations", "registrations", "subscribers", "gatherings", "watch_items"):
        text = (DEMONSTRATION / f"{name}.json").read_text(encoding="utf-8")
        assert all(domain.endswith(".example") for domain in re.findall(r"(?:@|https?://)([\w.-]+)", text))
    assert len({reader["email"] for reader in fictional("subscribers")}) == 200


def test_eight_gatherings_are_to_come_one_nearly_full_and_one_with_people_waiting() -> None:
    gatherings = {g["ref"]: g for g in fictional("gatherings")}
    coming = [g for g in gatherings.values() if g["sessions"][0]["in_days"] > 0]
    taken = Counter(r["gathering"] for r in fictional("registrations"))
    assert len(coming) == 8
    assert {g["kind"] for g in coming} == {"training", "meeting", "webinar", "assembly", "information_session"}
    assert {g["mode"] for g in coming} == {"in_person", "online", "hybrid"}
    assert (taken["premier-projet"], gatherings["premier-projet"]["capacity"]) == (18, 20)
    assert taken["financer-jeunes"] - gatherings["financer-jeunes"]["capacity"] == 4
    assert len(gatherings["premier-projet"]["sessions"]) == 3


def test_every_timetable_lies_within_its_session() -> None:
    for gathering in fictional("gatherings"):
        for item in gathering["programme"]:
            assert any(
                session["in_days"] == item["in_days"]
                and session["starts"] <= item["starts"] < item["ends"] <= session["ends"]
                for session in gathering["sessions"]
            )


def test_nobody_registers_twice_nor_before_the_gathering_is_published() -> None:
    ages = {g["ref"]: g["published_days_ago"] for g in fictional("gatherings")}
    registrations = fictional("registrations")
    assert len({(r["gathering"], r["email"]) for r in registrations}) == len(registrations)
    assert all(r["registered_days_ago"] < ages[r["gathering"]] for r in registrations)


def test_the_watch_has_its_five_classes_and_calls_with_deadlines_to_come() -> None:
    items = fictional("watch_items")
    assert {item["class"] for item in items} == {"actors", "news", "events", "funding", "jobs"}
    assert all(item["deadline"]["in_days"] > 0 for item in items if item["class"] == "funding")
    assert len({item["link"] for item in items}) == len(items)


@pytest.mark.parametrize("name", ["organisations", "gatherings", "watch_items"])
def test_the_fictional_french_is_spaced_as_it_should_be(name: str) -> None:
    texts = [value for item in fictional(name) for value in item.values() if isinstance(value, str)]
    assert not any(bad in text for text in texts for bad in (" ?", " !", " ;", " :", " %", " €", "« ", " »", "'"))
