"""The organisations that the report names: one row a body, however many times and ways it is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from report import FACTS, READINGS, TABLES, Row, joined, lines_of, sentences


@dataclass(frozen=True)
class Mention:
    """A body as one document writes it, in what role, and where."""

    spelling: str
    role: str
    source: Mapping[str, Any]
    day: str
    college: str = ""
    note: str = ""


def mentions() -> Iterator[Mention]:
    """Every place where the facts name a body, the most telling first."""
    yield from board_mentions()
    support = TABLES["soutiens_et_partenaires"]
    for name in support["appuis_formations_2020"]:
        yield Mention(name, "training_support", support["source"], "2020-12-31")
    funders = support["soutiens_financiers_2023"]
    for name in funders["lignes"]:
        yield Mention(name, "funder", funders["source"], "2023-04-25")
    for meeting in TABLES["rencontres"]["lignes"]:
        for name in meeting.get("partenaires", ()):
            yield Mention(name, "gathering_partner", meeting["source"], meeting["date"])
    for group in TABLES["groupes"]["lignes"]:
        for role, key in (("group_member", "membres_cites"), ("group_support", "soutiens")):
            for name in group.get(key, ()):
                yield Mention(name, role, group["source"], "2020-12-31")
    yield from mentions_in_a_text()


def board_mentions() -> Iterator[Mention]:
    board = TABLES["conseil_administration"]
    document = board["source"]["document"]
    for part in board["colleges"]:
        source = {"document": document, "lignes": part["lignes"]}
        for name in part["organisations"]:
            yield Mention(name, "board", source, "2020-12-31", part["college"])
    for seat in board["bureau"]:
        note = f"Bureau : {seat['fonction'].lower()}"
        yield Mention(seat["organisation"], "executive_committee", board["source"], "2020-12-31", note=note)


def mentions_in_a_text() -> Iterator[Mention]:
    """Bodies that stand in a title or a label, where only a reader finds them."""
    meetings = {meeting["date"]: meeting for meeting in TABLES["rencontres"]["lignes"]}
    facts = {fact["id"]: fact for fact in FACTS["faits"]}
    for reading in READINGS["organisations"]:
        for place in reading.get("named_in", ()):
            if "gathering" in place:
                day = place["gathering"]
                source = meetings[day]["source"]
            else:
                fact = facts[place["fact"]]
                source, day = fact["source"], "2023-04-25" if fact["periode"] == "2023" else "2020-12-31"
            yield Mention(reading["spellings"][0], place["role"], source, day)


def organisations() -> Iterator[Row]:
    """One row a body, however many times and ways it is written."""
    readings = {spelling: r for r in READINGS["organisations"] for spelling in r["spellings"]}
    found: dict[str, list[Mention]] = {}
    for mention in mentions():
        found.setdefault(readings[mention.spelling]["spellings"][0], []).append(mention)
    unused = [r["spellings"][0] for r in READINGS["organisations"] if r["spellings"][0] not in found]
    if unused:
        raise ValueError(f"Readings of bodies that the facts do not name: {unused}")
    for spelling, said in found.items():
        yield organisation(readings[spelling], said)


def organisation(reading: Mapping[str, Any], said: list[Mention]) -> Row:
    within = reading.get("within_region", "")
    places: dict[str, dict[str, None]] = {}
    for mention in said:
        places.setdefault(mention.source["document"], {})[lines_of(mention.source)] = None
    return {
        "name": reading.get("name", reading["spellings"][0]),
        **{key: reading.get(key, "") for key in ("acronym", "kind", "commune_code", "department", "countries")},
        "college": next((mention.college for mention in said if mention.college), ""),
        "within_region": within,
        "status": reading.get("status", "published" if within == "true" else "recorded"),
        "source": ";".join(places),
        "source_lines": ";".join(",".join(lines) for lines in places.values()),
        "occurred_on": said[0].day,
        "role": joined(mention.role for mention in said),
        "note": sentences(reading.get("note", ""), *(mention.note for mention in said)),
    }
