"""`directory`: search with facets, typing errors and pages by cursor among 100,000 structures, by HTML and by API."""

import asyncpg
import httpx
from rich.console import Group, RenderableType

from bench import filling
from bench.facts import COUNTRIES, must
from bench.house import House
from bench.measure import Line
from bench.reading import Reading, read, reading_table
from bench.sizes import size_of

PAGE, API = "/annuaire", "/api/registry/v1/organisations"
WORDS = ["Koudougou", "jumelage", "semences+Thi%C3%A8s", "for%C3%AAts+vives", "Bafoussam+solaire"]
FIRST_READ = [
    f"{PAGE}?q={one}&sdg={goal}&country={country}" for country in COUNTRIES for goal in range(1, 18) for one in WORDS
]
"""More pages than a process keeps: each is written again when its turn comes."""
MISTYPED = ["Koudugou", "jumelaje", "semances+Thi%C3%A8s", "Bafousam", "Antsirab"]


async def by_hand(connection: asyncpg.Connection) -> object:
    """The same by hand: words by the index, twenty rows, six facets counted, no HTTP and no page."""
    return await connection.fetch(
        """WITH found AS MATERIALIZED (
               SELECT id, sort_name, college, kind, department, themes, sdgs, countries FROM organisation
               WHERE status IN ('published', 'to_refresh')
                 AND words @@ (websearch_to_tsquery('french', folded('Koudougou'))
                               || websearch_to_tsquery('simple', folded('Koudougou'))))
           SELECT (SELECT array_agg(id) FROM (SELECT id FROM found ORDER BY sort_name, id LIMIT 20) AS page),
                  (SELECT jsonb_object_agg(college, n) FROM (SELECT college, count(*) AS n FROM found GROUP BY 1) AS c),
                  (SELECT jsonb_object_agg(department, n)
                   FROM (SELECT department, count(*) AS n FROM found GROUP BY 1) AS d),
                  (SELECT jsonb_object_agg(sdg, n)
                   FROM (SELECT sdg, count(*) AS n FROM found, unnest(sdgs) AS sdg GROUP BY 1) AS s)"""
    )


async def mistyped_by_hand(connection: asyncpg.Connection) -> object:
    """The word of the vocabulary that looks most like the one typed."""
    return await connection.fetch(
        "SELECT word FROM word WHERE word % 'koudugou' ORDER BY similarity(word, 'koudugou') DESC, word LIMIT 1"
    )


async def run(house: House) -> tuple[RenderableType, list[Line]]:
    """Fill, read, then check totals, corrections and that pages by cursor miss none."""
    size = size_of("directory")
    await filling.fill_directory(house, size)
    async with house.client("registry") as client:
        (await client.get(API)).raise_for_status()  # the facets' counts are made at the first search of a process
        cursor = (await client.get(API, params={"limit": 50})).json()["next"]
        lines = []
        for case in (
            Reading("directory", "page", [PAGE, f"{PAGE}?department=24", f"{PAGE}?sdg=6&country=TG"], by_hand),
            Reading("directory", "page not kept", FIRST_READ, by_hand),
            Reading("directory", "search page", [f"{PAGE}?q={one}" for one in WORDS], by_hand),
            Reading("directory", "search API", [f"{API}?q={one}&college=associations" for one in WORDS], by_hand),
            Reading("directory", "mistyped page", [f"{PAGE}?q={one}" for one in MISTYPED], mistyped_by_hand),
            Reading("directory", "next page API", [f"{API}?limit=50&cursor={cursor}"], by_hand),
        ):
            lines.append(await read(house, "registry", case))
        lines.append(await read(house, "registry", Reading("directory", "page", [PAGE], by_hand), 16))
        said = await _checked(house, client, size)
    return Group(reading_table(f"directory: {size} structures", lines), said), lines


async def _checked(house: House, client: httpx.AsyncClient, size: int) -> str:
    whole = (await client.get(API)).json()
    must(whole["total"] == size, f"{size} structures, the directory says {whole['total']}")
    held = await house.count("registry", "SELECT count(*) FROM organisation WHERE name LIKE '%Koudougou%'")
    right = (await client.get(API, params={"q": "Koudougou"})).json()
    wrong = (await client.get(API, params={"q": "Koudugou"})).json()
    must(right["total"] == wrong["total"] == held, f"{held} hold the word: {right['total']}, {wrong['total']} found")
    rows = await house.count("registry", "SELECT count(*) FROM organisation WHERE department = '24' AND 6 = ANY(sdgs)")
    narrowed = (await client.get(API, params={"department": "24", "sdg": "6"})).json()
    must(narrowed["total"] == rows, f"{rows} in 24 with goal 6: {narrowed['total']} found")
    facet = {one["key"]: one["count"] for one in narrowed["facets"]["department"]}
    of_goal = await house.count("registry", "SELECT count(*) FROM organisation WHERE 6 = ANY(sdgs)")
    must(
        sum(facet.values()) == of_goal, f"{of_goal} with goal 6, the facet of departments adds to {sum(facet.values())}"
    )
    seen: set[str] = set()
    cursor: str | None = ""
    for _ in range(5):
        page = (await client.get(API, params={"limit": 50, **({"cursor": cursor} if cursor else {})})).json()
        seen |= {one["id"] for one in page["items"]}
        cursor = page.get("next")
    must(len(seen) == 250, f"five pages of 50 hold {len(seen)} different structures")
    return f"{whole['total']} structures; « Koudougou » and « Koudugou » find the same {held}; five pages miss none"
