"""Maps as inline SVG: departments in five classes, the countries of the world as circles; each beside its own table."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from shared.reference import Country, country, department
from shared.web import outlines
from shared.web.format import number
from shared.web.i18n import _, language

CLASSES = 5


@dataclass(frozen=True, slots=True)
class Place:
    """A point of a map: where it is (degrees), how many, and its name."""

    longitude: float
    latitude: float
    n: int
    label: str


def breaks(values: Sequence[int], wanted: int = CLASSES) -> list[tuple[int, int]]:
    """Cut values above 0 into at most five classes of about as many departments; each is (lowest, highest)."""
    known = sorted(value for value in values if value > 0)
    distinct = sorted(set(known))
    if len(distinct) <= wanted:
        return [(value, value) for value in distinct]
    uppers: list[int] = []
    for place in range(1, wanted + 1):
        upper = known[max(math.ceil(len(known) * place / wanted), 1) - 1]
        if not uppers or upper > uppers[-1]:
            uppers.append(upper)
    lowers = [distinct[0], *(min(v for v in distinct if v > upper) for upper in uppers[:-1])]
    return list(zip(lowers, uppers, strict=True))


def class_of(value: int | None, classes: Sequence[tuple[int, int]]) -> int:
    """Give the class of a value, 1 to 5 with the darkest last; 0 where there is nothing."""
    if not value:
        return 0
    rank = next((i for i, (_lowest, highest) in enumerate(classes) if value <= highest), len(classes) - 1)
    return rank + 1 + (CLASSES - len(classes)) if len(classes) > 1 else 3


def departments_map(
    values: Mapping[str, int],
    links: Mapping[str, str] | None = None,
    *,
    region: str = "75",
    title: str = "",
    unit: Callable[[int], str] | None = None,
    places: Sequence[Place] = (),
) -> Markup:
    """Draw the departments of a region in five classes, with their legend; with places, circles replace the figures."""
    paths, centres, frame = outlines.departments_of(region)
    classes = breaks([values.get(code, 0) for code in paths])
    parts = []
    for code, path in paths.items():
        n = values.get(code, 0)
        found = department(code)
        said = f"{found.name if found else code}, {unit(n) if unit else number(n)}"
        rank = class_of(n, classes)
        shape = Markup('<path class="k{}" d="{}"><title>{}</title></path>').format(rank, path, said)
        label = "" if places else _figure(centres[code], rank, n)
        parts.append(_linked(shape + label, links.get(code) if links else None, said))
    parts += [_circle(outlines.project((p.longitude, p.latitude), frame), p, places) for p in _largest_first(places)]
    role = Markup('role="group"') if links else Markup('role="img"')
    return Markup('<svg class="map" viewBox="0 0 {} {}" {} aria-label="{}">{}</svg>{}').format(
        outlines.WIDTH,
        outlines.height_of(frame),
        role,
        title or _("Carte des départements"),
        Markup("").join(parts),
        _classes(classes, any(not values.get(code) for code in paths)),
    )


def _figure(centre: outlines.Point, rank: int, n: int) -> Markup:
    text = '<text class="t{}" x="{}" y="{}" aria-hidden="true">{}</text>'
    return Markup(text).format(rank, f"{centre[0]:.0f}", f"{centre[1]:.0f}", number(n))


def _linked(shape: Markup, address: str | None, said: str) -> Markup:
    return Markup('<a href="{}" aria-label="{}">{}</a>').format(address, said, shape) if address else shape


def _largest_first(places: Sequence[Place]) -> list[Place]:
    return sorted(places, key=lambda place: -place.n)


def _circle(at: outlines.Point, place: Place, places: Sequence[Place]) -> Markup:
    largest = max(one.n for one in places)
    radius = max(3.0, 14 * math.sqrt(place.n / largest)) if largest > 1 else 4
    circle = '<circle class="place" cx="{:.0f}" cy="{:.0f}" r="{:.1f}"><title>{}</title></circle>'
    return Markup(circle).format(at[0], at[1], radius, f"{place.label}, {number(place.n)}")


def _classes(classes: Sequence[tuple[int, int]], with_none: bool) -> Markup:
    ranges = [(class_of(high, classes), low, high) for low, high in classes]
    named = [(0, _("aucun"))] if with_none else []
    named += [
        (rank, number(low) if low == high else _("%(low)s à %(high)s", low=number(low), high=number(high)))
        for rank, low, high in ranges
    ]
    item = Markup(
        '<li><svg viewBox="0 0 10 1" preserveAspectRatio="none" aria-hidden="true"><rect class="k{}" width="10" height="1"/></svg>{}</li>'
    )
    return Markup('<ul class="classes">{}</ul>').format(
        Markup("").join(item.format(rank, words) for rank, words in named)
    )


def world_map(values: Mapping[str, int], title: str = "", *, circles_only: bool = False) -> Markup:
    """Draw the countries that count as circles on the world, then name the first ten; the frame narrows on a phone."""
    counted = sorted(
        ((found, n) for code, n in values.items() if n and (found := country(code))), key=lambda pair: -pair[1]
    )
    held = {found.iso3 for found, _n in counted}
    land = Markup("") if circles_only else _land(held)
    marks = Markup("").join(_country(found, n, counted[0][1], i < 10) for i, (found, n) in enumerate(counted))
    drawing = '<svg class="map world {}" viewBox="{}" role="img" aria-label="{}"><use href="#terres"/>{}</svg>'
    named = title or _("Carte des pays")
    listed = Markup(", ").join(
        Markup("{} <b>{}</b>").format(found.label(language.get()), number(n)) for found, n in counted[:10]
    )
    return Markup(
        '<svg class="defs" aria-hidden="true"><g id="terres">{}</g></svg>{}{}<p class="caption">{}. {}</p>'
    ).format(
        land,
        Markup(drawing).format("broad", "0 0 960 440", named, marks),
        Markup(drawing).format("narrow", _frame([found for found, _n in counted[:10]]), named, marks),
        listed or escape(_("Aucun pays")),
        _("Fond de carte Natural Earth. Les frontières figurées n’engagent pas le réseau."),
    )


def _land(held: set[str]) -> Markup:
    paths = outlines.world()
    calm = "".join(path for code, path in paths.items() if code not in held)
    busy = "".join(path for code, path in paths.items() if code in held)
    return Markup('<path class="land" d="{}"/><path class="held" d="{}"/>').format(calm, busy)


def _country(found: Country, n: int, largest: int, named: bool) -> Markup:
    if found.longitude is None or found.latitude is None:
        return Markup("")
    x, y = outlines.equal_earth((found.longitude, found.latitude))
    radius = max(3.0, 13 * math.sqrt(n / largest))
    name = f"{found.label(language.get())} {number(n)}"
    circle = Markup('<circle cx="{:.0f}" cy="{:.0f}" r="{:.1f}"><title>{}</title></circle>').format(x, y, radius, name)
    return circle


def _frame(countries: Sequence[Country]) -> str:
    """Choose what a narrow screen shows: the first ten countries, never less than a third of the world."""
    points = [
        outlines.equal_earth((c.longitude, c.latitude))
        for c in countries
        if c.longitude is not None and c.latitude is not None
    ]
    if not points:
        return "0 0 960 440"
    xs, ys = [x for x, _y in points], [y for _x, y in points]
    width = max(max(xs) - min(xs) + 80, max(ys) - min(ys) + 80, 320)
    left, top = (min(xs) + max(xs) - width) / 2, (min(ys) + max(ys) - width * 0.9) / 2
    return f"{left:.0f} {top:.0f} {width:.0f} {width * 0.9:.0f}"
