"""Maps as inline SVG: departments in five classes, the countries of the world as circles; each beside its own table."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from shared.reference import department
from shared.web import outlines
from shared.web.format import number
from shared.web.i18n import _
from shared.web.markup import fill, joined
from shared.web.world import world_map

__all__ = ["Place", "breaks", "class_of", "departments_map", "world_map"]

CLASSES = 5
SWATCH = '<li><svg viewBox="0 0 18 12" aria-hidden="true"><rect class="k0" width="18" height="12"/></svg>{}</li>'
DOT = '<li><svg viewBox="0 0 18 12" aria-hidden="true"><circle class="place" cx="9" cy="6" r="5"/></svg>{}</li>'


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
        shape = fill('<path class="k{}" d="{}"><title>{}</title></path>', rank, path, said)
        label = "" if places else _figure(centres[code], rank, n)
        parts.append(_linked(shape + label, links.get(code) if links else None, said))
    parts += [_circle(outlines.project((p.longitude, p.latitude), frame), p, places) for p in _largest_first(places)]
    role = Markup('role="group"') if links else Markup('role="img"')
    return fill(
        '<svg class="map" viewBox="0 0 {} {}" {} aria-label="{}">{}</svg>{}',
        outlines.WIDTH,
        outlines.height_of(frame),
        role,
        title or _("Carte des départements"),
        joined(parts),
        _legend(classes, any(not values.get(code) for code in paths), places),
    )


def _figure(centre: outlines.Point, rank: int, n: int) -> Markup:
    text = '<text class="t{}" x="{}" y="{}" aria-hidden="true">{}</text>'
    return fill(text, rank, f"{centre[0]:.0f}", f"{centre[1]:.0f}", number(n))


def _linked(shape: Markup, address: str | None, said: str) -> Markup:
    return fill('<a href="{}" aria-label="{}">{}</a>', address, said, shape) if address else shape


def _largest_first(places: Sequence[Place]) -> list[Place]:
    return sorted(places, key=lambda place: -place.n)


def _circle(at: outlines.Point, place: Place, places: Sequence[Place]) -> Markup:
    largest = max(one.n for one in places)
    radius = max(3.0, 14 * math.sqrt(place.n / largest)) if largest > 1 else 4
    circle = '<circle class="place" cx="{:.0f}" cy="{:.0f}" r="{:.1f}"><title>{}</title></circle>'
    return fill(circle, at[0], at[1], radius, f"{place.label}, {number(place.n)}")


def _legend(classes: Sequence[tuple[int, int]], with_none: bool, places: Sequence[Place]) -> Markup:
    item = (
        '<li><svg viewBox="0 0 10 1" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="k{}" width="10" height="1"/></svg>{}</li>'
    )
    scale = joined(fill(item, class_of(high, classes), _range(low, high)) for low, high in classes)
    notes = []
    if with_none:
        notes.append(fill(SWATCH, _("aucun")))
    if places:
        notes.append(fill(DOT, _("par ville, surface proportionnelle")))
    below = fill('<ul class="legend">{}</ul>', joined(notes)) if notes else ""
    return fill('<ul class="classes">{}</ul>{}', scale, below)


def _range(low: int, high: int) -> str:
    return number(low) if low == high else _("%(low)s à %(high)s", low=number(low), high=number(high))
