"""The season of 2020 says what the documents say, and nothing more."""

import csv
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from shared import reference

SEASON = Path(__file__).parents[2] / "examples" / "saison-2020"
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
