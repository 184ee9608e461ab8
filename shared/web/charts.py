"""Charts as inline SVG from pure functions: classes only, no text inside, and a table beside or around each."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from shared.reference import sdg
from shared.web.format import number
from shared.web.i18n import _, language, translate
from shared.web.markup import fill, joined


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart; an ODD number gives its colour and its badge, an address makes the label a link."""

    label: str
    value: float
    sdg: int | None = None
    url: str | None = None
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A line of figures, one a tick; None where nothing is known yet."""

    label: str
    values: Sequence[float | None]


def sdg_bar(goal: int, value: float, url: str | None = None) -> Bar:
    """Make the row of an ODD, named in the reader's language; KeyError for a number that is none."""
    found = sdg(goal)
    if found is None:
        raise KeyError(goal)
    return Bar(found.label(language.get()), value, goal, url)


@functools.cache
def sdg_badge(goal: int, lang: str) -> Markup:
    """Draw the square of an ODD in the reader's language: there are 17, and lists are full of them."""
    found = sdg(goal)
    return fill(
        '<span class="sdg sdg-{0}" title="{1}"><span class="unseen">{2} </span>{0}'
        '<span class="unseen">, {1}</span></span>',
        goal,
        found.label(lang) if found else "",
        translate(lang, "ODD"),
    )


def bars(rows: Sequence[Bar], caption: str, head: tuple[str, str]) -> Markup:
    """Draw a bar chart as the table it is: label, bar, figure; head names the first and last columns."""
    longest = max((row.value for row in rows), default=0) or 1
    body = joined(_bar_row(row, longest) for row in rows)
    return fill(
        '<table class="bars"><caption class="unseen">{}</caption><thead><tr><th scope="col">{}</th>'
        '<td></td><th scope="col" class="number">{}</th></tr></thead><tbody>{}</tbody></table>',
        caption,
        head[0],
        head[1],
        body,
    )


def _bar_row(row: Bar, longest: float) -> Markup:
    label = fill('<a href="{}">{}</a>', row.url, row.label) if row.url else escape(row.label)
    if row.sdg:
        badge = '<span class="sdg sdg-{}"><span class="unseen">{} </span>{}</span>'
        label = fill(badge, row.sdg, _("ODD"), row.sdg) + fill("<span>{}</span>", label)
    colour = f" sdg-bar sdg-{row.sdg}" if row.sdg else ""
    width = f"{max(row.value / longest * 99.4, 0.4 if row.value else 0):.1f}"
    return fill(
        '<tr><th scope="row"><span>{}</span></th><td><svg viewBox="0 0 100 10" preserveAspectRatio="none" '
        'aria-hidden="true" focusable="false"><rect class="bar{}" x="0.3" y="0.5" width="{}" height="9"/></svg></td>'
        '<td class="number">{}</td></tr>',
        label,
        colour,
        width,
        row.shown or number(row.value),
    )


def scale(largest: float) -> list[int]:
    """Choose four or five round steps from 0 to at least the largest value."""
    for unit in (10**power * step for power in range(12) for step in (1, 2, 5)):
        if unit * 4 >= largest:
            return [unit * step for step in range(max(2, math.ceil(largest / unit) + 1))]
    raise ValueError(f"{largest} is too large to draw")


def columns(ticks: Sequence[str], now: Series, before: Series | None, caption: str) -> Markup:
    """Draw columns over ticks (months), with an earlier series as a line, then the same as a table to open."""
    shown = [value for series in (now, before) if series for value in series.values if value is not None]
    steps = scale(max(shown, default=0))
    marks = [fill('<path class="grid-line" d="M0 {0}H{1}"/>', _y(s, steps), 100 * len(ticks)) for s in steps]
    marks += [_column(place, value, steps) for place, value in enumerate(now.values) if value]
    marks += [_line(before, steps)] if before else []
    marks.append(fill('<path class="grid-line base-line" d="M0 1000H{}"/>', 100 * len(ticks)))
    return fill(
        '<figure class="columns-chart"><div class="scale" aria-hidden="true">{}</div>'
        '<svg class="plot" viewBox="0 0 {} 1000" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
        '<ol class="ticks" aria-hidden="true">{}</ol></figure>{}{}',
        joined(fill("<span>{}</span>", number(step)) for step in reversed(steps)),
        100 * len(ticks),
        caption,
        joined(marks),
        joined(_tick(tick) for tick in ticks),
        _legend(now, before),
        _columns_table(ticks, now, before, caption),
    )


def _y(value: float, steps: Sequence[int]) -> str:
    return f"{1000 - value / steps[-1] * 1000:.0f}"


def _column(place: int, value: float, steps: Sequence[int]) -> Markup:
    height = value / steps[-1] * 1000
    shape = '<rect class="column" x="{}" y="{:.0f}" width="60" height="{:.0f}"/>'
    return fill(shape, place * 100 + 20, 1000 - height, height)


def _line(series: Series, steps: Sequence[int]) -> Markup:
    points = [(i * 100 + 50, _y(value, steps)) for i, value in enumerate(series.values) if value is not None]
    drawn = fill('<polyline class="before" points="{}"/>', " ".join(f"{x},{y}" for x, y in points))
    return drawn + joined(fill('<path class="before-dot" d="M{} {}h.01"/>', x, y) for x, y in points)


def _tick(name: str) -> Markup:
    """A narrow page hides the inner part: a month keeps its first letter, a year its last two digits."""
    if name.isdigit():
        return fill("<li><span><span>{}</span>{}</span></li>", name[:-2], name[-2:])
    return fill("<li><span>{}<span>{}</span></span></li>", name[:1], name[1:])


def _legend(now: Series, before: Series | None) -> Markup:
    if before is None:
        return Markup("")
    return fill(
        '<ul class="legend" aria-hidden="true"><li><svg viewBox="0 0 18 12"><rect class="column" width="18" height="12"'
        '/></svg>{}</li><li><svg viewBox="0 0 18 12"><path class="before" d="M0 6h18"/></svg>{}</li></ul>',
        now.label,
        before.label,
    )


def _columns_table(ticks: Sequence[str], now: Series, before: Series | None, caption: str) -> Markup:
    lines = [now] + ([before] if before else [])
    head = joined(fill('<th scope="col" class="number">{}</th>', line.label) for line in lines)
    rows = joined(
        fill(
            '<tr><th scope="row">{}</th>{}</tr>',
            tick,
            joined(fill('<td class="number">{}</td>', _known(line, i)) for line in lines),
        )
        for i, tick in enumerate(ticks)
    )
    return fill(
        '<details><summary>{}</summary><table><caption class="unseen">{}</caption><thead><tr><th scope="col">{}</th>{}'
        "</tr></thead><tbody>{}</tbody></table></details>",
        _("Voir le tableau des données"),
        caption,
        _("Période"),
        head,
        rows,
    )


def _known(series: Series, place: int) -> str:
    value = series.values[place] if place < len(series.values) else None
    return "–" if value is None else number(value)


def sparkline(values: Sequence[float], label: str) -> Markup:
    """Draw a small line, told in words by its label."""
    low, high = min(values, default=0), max(values, default=0)
    height = (high - low) or 1
    last = max(len(values) - 1, 1)
    points = " ".join(f"{i * 100 / last:.1f},{20 - (v - low) / height * 20:.1f}" for i, v in enumerate(values))
    return fill(
        '<svg class="spark" viewBox="0 0 100 20" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<polyline points="{}"/></svg>',
        label,
        points,
    )
