"""The gatherings of the report: meetings, trainings, and the timetable of Limoges."""

from collections.abc import Iterator, Mapping
from typing import Any

from report import READINGS, TABLES, Row, capital, joined, lines_of, sentences

MODES = {
    "présentiel": "in_person",
    "distanciel": "online",
    "webinaire": "online",
    "visioconférence": "online",
    "hybride": "hybrid",
}
ROLES = {"intervention": "speaker", "participation": "attendee"}
COLLEGES = {
    "associations": "associations",
    "collectivites": "collectivités",
    "universites_formation": "universités et formation",
    "acteurs_economiques": "acteurs économiques",
}


def gatherings() -> list[Row]:
    """The meetings that the facts name and the four trainings of 2020, by date."""
    return sorted([*meetings(), *trainings()], key=lambda row: row["date"])


def meetings() -> Iterator[Row]:
    by_name = {reading["called"]: name for name, reading in READINGS["groups"].items() if reading["called"]}
    group_of = {group["nom"]: group for group in TABLES["groupes"]["lignes"]}
    for meeting in TABLES["rencontres"]["lignes"]:
        reading = READINGS["gatherings"][meeting["date"]]
        group = group_of[by_name[meeting["groupe"]]] if "groupe" in meeting else {}
        count, precision, what = reading.get("declared", [meeting["participants"], "exact", ""])
        full_date = len(meeting["date"]) == 10
        yield {
            "title": reading.get("title", meeting["titre"]),
            "kind": reading["kind"],
            "date": meeting["date"],
            "sessions": meeting["date"] if full_date else "",
            "mode": MODES.get(meeting["mode"], ""),
            "place": reading.get("place", meeting["lieu"] or ""),
            "role": reading["role"] if "role" in reading else ROLES[meeting["role"]],
            "status": status_of(meeting.get("statut", "")),
            "group": READINGS["groups"][group["nom"]]["slug"] if group else "",
            "countries": joined(group.get("pays", ())),
            "themes": joined(reading.get("themes", ())),
            "declared_count": "" if count is None else str(count),
            "declared_precision": "" if count is None else precision,
            "declared_what": what,
            "structures_count": str(meeting.get("structures", "")),
            "note": note_of(meeting, reading),
            "source": meeting["source"]["document"],
            "source_lines": lines_of(meeting["source"]),
        }


def status_of(words: str) -> str:
    if "reporté" in words:
        return "postponed"
    return "cancelled" if words else "held"


def note_of(meeting: Mapping[str, Any], reading: Mapping[str, Any]) -> str:
    """What the columns cannot hold: wording of counts and states, partners, what was deduced."""
    partners, colleges = meeting.get("partenaires", ()), meeting.get("structures_par_college", {})
    words = meeting.get("approximation", "")
    return sentences(
        "" if reading.get("replace_note") else meeting.get("note", ""),
        reading.get("note", ""),
        f"Le texte : « {words} »" if words else "",
        f"Le texte : « {meeting['statut']} »" if "statut" in meeting else "",
        "Structures par collège : " + ", ".join(f"{COLLEGES[key]} {n}" for key, n in colleges.items())
        if colleges
        else "",
        "Avec : " + ", ".join(partners) if partners else "",
        "Mode déduit" if meeting.get("mode_deduit") else "",
    )


def trainings() -> Iterator[Row]:
    table = TABLES["formations_2020"]
    for line in table["lignes"]:
        held = dict(zip(table["colonnes"], line, strict=True))
        reading = READINGS["gatherings"][held["dates"][0]]
        deduced = "« Satisfait » : 0 %, déduit de 100 % « très satisfait »" if held["satisfait_pct"] == 0 else ""
        yield {
            "title": held["intitule"],
            "kind": "training",
            "date": held["dates"][0],
            "sessions": joined(held["dates"]),
            "mode": MODES[held["mode"]],
            "place": held["lieu"] or "",
            "role": "organiser",
            "status": "held",
            "themes": joined(reading["themes"]),
            "declared_count": str(held["participants"]),
            "declared_precision": "exact",
            "very_satisfied_pct": str(held["tres_satisfait_pct"]),
            "satisfied_pct": str(held["satisfait_pct"]),
            "note": sentences(capital(held["seances"] or ""), deduced),
            "source": table["source"]["document"],
            "source_lines": lines_of(held),
        }


def programmes() -> Iterator[Row]:
    """The timetable of Limoges, 4 November 2016; its speakers are bodies or words, never persons."""
    table = TABLES["programme_limoges_2016"]
    title = next(m["titre"] for m in TABLES["rencontres"]["lignes"] if m["date"] == table["date"])
    for starts_at, ends_at, activity, speaker, line in table["lignes"]:
        yield {
            "gathering_title": title,
            "date": table["date"],
            "starts_at": starts_at,
            "ends_at": ends_at,
            "activity": activity,
            "speaker": speaker or "",
            "source": table["source"]["document"],
            "source_lines": str(line),
        }
