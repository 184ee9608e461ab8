"""Makes the fictional season's JSON files from seeds/, always the same ones: python make.py [FOLDER]."""

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

HERE = Path(__file__).parent
MAILBOXES = ("courriel.example", "messagerie.example", "boite.example")
TOPICS = ("newsletter", "trainings", "calls")
GROUPS = ("maroc", "burkina-faso", "madagascar", "togo", "eau-assainissement", "territorialisation-odd")
# How many of 100 readers live there: the shape of the region, Gironde first.
DEPARTMENTS = {
    "33": 30,
    "86": 13,
    "64": 11,
    "17": 9,
    "79": 8,
    "87": 7,
    "16": 6,
    "24": 5,
    "40": 4,
    "47": 3,
    "19": 2,
    "23": 2,
}
EPICENE = ("Bénévole", "Responsable", "Vétérinaire", "Médecin", "Secrétaire", "Maire")
FEMININE = ("ente", "ante", "trice", "ière", "ée", "eure", "esse", "euse", "ointe")
ABROAD = ("TG", "GN", "CI", "SN", "MA", "MG")

Item = dict[str, Any]
Person = tuple[str, str]


def seeds(name: str) -> Any:
    return json.loads((HERE / "seeds" / f"{name}.json").read_text(encoding="utf-8"))


def slug(name: str) -> str:
    bare = unicodedata.normalize("NFKD", name.lower().replace("œ", "oe"))
    return re.sub(r"[^a-z0-9]+", "-", "".join(c for c in bare if not unicodedata.combining(c))).strip("-")


def typeset(value: Any) -> Any:
    """French spacing: U+202F before ; ! ?, inside « » and in thousands, U+00A0 before : % € and in hours."""
    if isinstance(value, dict):
        return {key: typeset(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [typeset(inner) for inner in value]
    if not isinstance(value, str):
        return value
    text = re.sub(r"« | (?=[;!?»])|(?<=\d) (?=\d{3}\b)", lambda found: found[0].strip() + "\u202f", value)
    return re.sub(r" (?=[:%€])|(?<=\d) (?=h \d)|(?<=\d h) (?=\d)", "\u00a0", text)


def people(chance: Random, names: dict[str, list[str]]) -> dict[str, Iterator[Person]]:
    """Names made by chance, each once, with the local part of an address: women, men, and both."""

    def drawn(firsts: list[str]) -> Iterator[Person]:
        met: set[str] = set()
        while True:
            name = f"{chance.choice(firsts)} {chance.choice(names['last'])}"
            if name not in met:
                met.add(name)
                yield name, slug(name).replace("-", ".")

    women, men = drawn(names["women"]), drawn(names["men"])
    return {"women": women, "men": men, "both": (next(chance.choice((women, men))) for _ in iter(int, 1))}


def who(role: str) -> str:
    """Whose names go with a role, as French writes it."""
    title = role.partition(" ")[0]
    if title in EPICENE:
        return "both"
    return "women" if title.endswith(FEMININE) else "men"


def organisations(chance: Random, crowd: dict[str, Iterator[Person]]) -> Iterator[Item]:
    """The sixty structures: published over eighteen months, a few still in the team's queue."""
    seeded = seeds("organisations")
    ages = spread(chance, sum(seed["status"] == "published" for seed in seeded), 4, 545)
    queue = spread(chance, len(seeded), 1, 25)
    for seed in seeded:
        name, local = next(crowd[who(seed["contact_role"])])
        domain = f"{slug(seed['name'])}.example"
        age = ages.pop() if seed["status"] == "published" else None
        yield {
            **seed,
            "website": f"https://{domain}/" if seed["website"] else "",
            "contact_name": name,
            "contact_email": f"{local}@{domain if seed['website'] else chance.choice(MAILBOXES)}",
            "consent_listing": True,
            "topics": topics(chance),
            **({"requested_days_ago": queue.pop()} if age is None else published(chance, age)),
        }


def published(chance: Random, age: int) -> Item:
    """When it was asked for and published, and when the structure last confirmed its sheet."""
    confirmed = chance.randint(20, 330) if age > 365 and chance.random() < 0.75 else age
    return {
        "requested_days_ago": age + chance.randint(1, 15),
        "published_days_ago": age,
        "confirmed_days_ago": confirmed,
    }


def spread(chance: Random, count: int, first: int, last: int) -> list[int]:
    days = [first + round(place * (last - first) / (count - 1)) for place in range(count)]
    chance.shuffle(days)
    return days


def topics(chance: Random) -> list[str]:
    chosen = [topic for topic, odds in zip(TOPICS, (0.85, 0.45, 0.4), strict=True) if chance.random() < odds]
    if chance.random() < 0.3:
        chosen.append(f"group:{chance.choice(GROUPS)}")
    return chosen or ["newsletter"]


def gatherings() -> Iterator[Item]:
    """Eight to come and seven past, whose head counts stay counts."""
    for seed in seeds("gatherings"):
        count, precision, what = seed.get("declared", (None, "", ""))
        yield {
            **{key: value for key, value in seed.items() if key not in ("declared", "registered")},
            "status": seed.get("status", "published"),
            "place": seed.get("place", ""),
            "online_url": seed.get("online_url", ""),
            "declared_count": count,
            "declared_precision": precision,
            "declared_what": what,
        }


def registrations(chance: Random, crowd: Iterator[Person], listed: list[Item]) -> Iterator[Item]:
    """People in the order they came; those past the capacity make the waiting list."""
    regulars = [registrant(chance, person, listed) for person, _ in zip(crowd, range(90), strict=False)]
    for seed in seeds("gatherings"):
        count = seed.get("registered", 0)
        days = sorted((chance.randint(0, seed["published_days_ago"] - 1) for _ in range(count)), reverse=True)
        for someone, day in zip(chance.sample(regulars, count), days, strict=True):
            mode = {"mode": chance.choice(("in_person", "in_person", "online"))} if seed["mode"] == "hybrid" else {}
            yield {"gathering": seed["ref"], **someone, **mode, "registered_days_ago": day}


def registrant(chance: Random, person: Person, listed: list[Item]) -> Item:
    name, local = person
    if chance.random() < 0.08:
        return {"name": name, "email": f"{local}@{chance.choice(MAILBOXES)}", "country": chance.choice(ABROAD)}
    if chance.random() < 0.6:
        home = chance.choice(listed)
        domain = home["contact_email"].partition("@")[2]
        email, organisation, department = f"{local}@{domain}", home["name"], home["department"]
        return {"name": name, "email": email, "organisation": organisation, "department": department}
    return {"name": name, "email": f"{local}@{chance.choice(MAILBOXES)}", "department": somewhere(chance)}


def somewhere(chance: Random) -> str:
    return chance.choices(list(DEPARTMENTS), weights=list(DEPARTMENTS.values()))[0]


def subscribers(chance: Random, crowd: Iterator[Person]) -> Iterator[Item]:
    """Two hundred readers; one in eight has not said where they live."""
    for (_, local), day in zip(crowd, spread(chance, 200, 1, 540), strict=False):
        department = somewhere(chance) if chance.random() < 0.88 else ""
        email = f"{local}@{chance.choice(MAILBOXES)}"
        yield {"email": email, "topics": topics(chance), "department": department, "subscribed_days_ago": day}


def write(folder: Path, name: str, items: Iterable[Item]) -> None:
    lines = ",\n".join(json.dumps(typeset(item), ensure_ascii=False) for item in items)
    (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def make(folder: Path) -> None:
    """Writes the five files into the folder."""
    chance = Random(2020)
    crowd = people(chance, seeds("names"))
    structures = list(organisations(chance, crowd))
    write(folder, "organisations", structures)
    write(folder, "gatherings", gatherings())
    listed = [structure for structure in structures if structure["status"] == "published"]
    write(folder, "registrations", registrations(chance, crowd["both"], listed))
    write(folder, "watch_items", seeds("watch_items"))
    write(folder, "subscribers", subscribers(chance, crowd["both"]))


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
