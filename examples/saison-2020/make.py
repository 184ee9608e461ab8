"""Makes the CSV files of this folder from source/report_2020_facts.json and readings.json: python make.py [FOLDER]."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from bodies import organisations
from gatherings import gatherings, programmes
from report import FACTS, HERE, READINGS, TABLES, Row, capital, joined, lines_of, sentences, typeset

COLUMNS = json.loads((HERE / "columns.json").read_text(encoding="utf-8"))
GROUP_KINDS = {"pays": "country_group", "thematique": "thematic_group", "communaute": "community_of_practice"}
GROUPS_COUNTED = {"madagascar", "burkina-faso", "togo", "maghreb"}


def groups() -> Iterator[Row]:
    """The groups, with what is known of their birth and friends as a note."""
    for group in TABLES["groupes"]["lignes"]:
        created = f"Création : {group['creation']}" if "creation" in group else ""
        cited = "Membres cités : " + ", ".join(group["membres_cites"]) if "membres_cites" in group else ""
        helped = "Soutiens : " + ", ".join(group["soutiens"]) if "soutiens" in group else ""
        note = sentences(created, capital(group.get("statut", "")), capital(group.get("note", "")), cited, helped)
        yield {
            "name": group["nom"],
            "slug": READINGS["groups"][group["nom"]]["slug"],
            "kind": GROUP_KINDS.get(group["type"], "other"),
            "countries": joined(group.get("pays", ())),
            "note": note,
            "source": group["source"]["document"],
            "source_lines": lines_of(group["source"]),
        }


def figures(held: Iterable[Row]) -> Iterator[Row]:
    """The 191 participants of 2020 and its parts: seven meetings of groups, and ten people for two undated ones."""
    facts = {fact["id"]: fact for fact in FACTS["faits"]}
    total, undated = facts["animation.participants"], facts["groupe.odd.membres"]
    published = {
        "figure_id": total["id"],
        "label": total["libelle"],
        "value": str(total["valeur"]),
        "unit": total["unite"],
        "year": total["periode"],
        "source": total["source"]["document"],
        "source_lines": lines_of(total["source"]),
    }
    for row in held:
        if row.get("group") in GROUPS_COUNTED and row["date"].startswith("2020") and row["declared_count"]:
            part = {"part_label": row["title"], "part_gathering_title": row["title"], "part_date": row["date"]}
            yield {**published, **part, "part_value": row["declared_count"], "note": row["note"]}
    note = f"Deux réunions non datées, une seule fois dix personnes (lignes {lines_of(undated['source'])})"
    part = {"part_label": undated["libelle"], "part_value": str(undated["valeur"])}
    yield {**published, **part, "note": sentences(note, "Recoupement déduit : le rapport n’écrit que le total")}


def write(folder: Path, name: str, rows: Iterable[Row]) -> None:
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS[name], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({column: typeset(value) for column, value in row.items()} for row in rows)


def make(folder: Path) -> None:
    """Writes the five files into the folder."""
    held = gatherings()
    write(folder, "organisations", organisations())
    write(folder, "groups", groups())
    write(folder, "gatherings", held)
    write(folder, "programmes", programmes())
    write(folder, "figures", figures(held))


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
