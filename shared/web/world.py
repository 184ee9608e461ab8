"""The map of the world: circles at the countries that count, the names of the first ten, the list below."""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from shared.reference import Country, country
from shared.web import outlines
from shared.web.format import number
from shared.web.i18n import _, language
from shared.web.markup import fill, joined

NAMED = 10
Box = tuple[float, float, float, float]
WIDE: Box = (20, 20, 940, 420)


@dataclass(frozen=True, slots=True)
class Dot:
    """A country on the map: where its circle stands, how large, and its words."""

    x: float
    y: float
    radius: float
    words: str
    iso3: str


def world_map(values: Mapping[str, int], title: str = "", *, circles_only: bool = False) -> Markup:
    """Draw the countries that count (ISO alpha-2 -> n) on the world; a narrow screen frames the first ones."""
    found = [(one, n) for code, n in values.items() if n > 0 and (one := country(code))]
    counted = sorted(found, key=lambda pair: -pair[1])
    dots = [dot for one, n in counted if (dot := _dot(one, n, counted[0][1]))]
    circles = joined(_circle(dot) for dot in dots)
    wide, narrow = WIDE, _frame(dots)
    land = Markup("") if circles_only else _land(frozenset(dot.iso3 for dot in dots))
    drawing = '<svg class="map world {}" viewBox="{}" role="img" aria-label="{}"><use href="#terres"/>{}{}</svg>'
    named = title or _("Carte des pays")
    return fill(
        '<svg class="defs" aria-hidden="true"><g id="terres">{}</g></svg>{}{}<p class="caption">{}. {}</p>',
        land,
        fill(drawing, "broad", _view(wide), named, circles, _names(dots, wide)),
        fill(drawing, "narrow", _view(narrow), named, circles, _names(dots, narrow)),
        _listed(counted[:NAMED]),
        _("Fond de carte Natural Earth. Les frontières figurées n’engagent pas le réseau."),
    )


def _dot(found: Country, n: int, largest: int) -> Dot | None:
    if found.longitude is None or found.latitude is None:
        return None
    x, y = outlines.equal_earth((found.longitude, found.latitude))
    words = f"{found.label(language.get())} {number(n)}"
    return Dot(round(x), round(y), max(3.0, round(13 * math.sqrt(n / largest), 1)), words, found.iso3)


def _circle(dot: Dot) -> Markup:
    circle = '<circle cx="{}" cy="{}" r="{}"><title>{}</title></circle>'
    return fill(circle, dot.x, dot.y, dot.radius, dot.words)


def _names(dots: Sequence[Dot], frame: Box) -> Markup:
    """Write the names that find a free place in the frame beside their circle; the list has the others."""
    taken: list[Box] = [(d.x - d.radius, d.y - d.radius, d.x + d.radius, d.y + d.radius) for d in dots]
    written = Markup("")
    for dot in dots[:NAMED]:
        for side in (1, -1):
            start = dot.x + side * (dot.radius + 5)
            end = start + side * 7.6 * len(dot.words)
            box = (min(start, end), dot.y - 9, max(start, end), dot.y + 9)
            if frame[0] < box[0] and box[2] < frame[2] and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                name = '<text class="{}" x="{:.0f}" y="{}" aria-hidden="true">{}</text>'
                written += fill(name, "" if side > 0 else "left", start, dot.y, dot.words)
                break
    return written


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _frame(dots: Sequence[Dot]) -> Box:
    """Choose what a narrow screen shows: around the first six countries, never so wide that names shrink."""
    first = dots[:6]
    if not first:
        return WIDE
    xs, ys = [dot.x for dot in first], [dot.y for dot in first]
    width = min(max(max(xs) - min(xs) + 90, max(ys) - min(ys) + 90, 340), 420)
    left, top = (min(xs) + max(xs) - width) / 2, (min(ys) + max(ys) - width) / 2
    return left, top, left + width, top + width


def _view(frame: Box) -> str:
    return f"{frame[0]:.0f} {frame[1]:.0f} {frame[2] - frame[0]:.0f} {frame[3] - frame[1]:.0f}"


@functools.lru_cache(64)
def _land(held: frozenset[str]) -> Markup:
    paths = outlines.world()
    calm = "".join(path for code, path in paths.items() if code not in held)
    busy = "".join(path for code, path in paths.items() if code in held)
    return fill('<path class="land" d="{}"/><path class="held" d="{}"/>', calm, busy)


def _listed(counted: Sequence[tuple[Country, int]]) -> Markup:
    if not counted:
        return escape(_("Aucun pays"))
    return Markup(", ").join(fill("{} <b>{}</b>", found.label(language.get()), number(n)) for found, n in counted)
