"""The parts of the barometer that move: each an element with an id, rendered alike in the page and in the stream."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date as Day
from typing import Any

from markupsafe import Markup

from services.observatory import headlines
from services.observatory.domain import Figure, Slice
from services.observatory.indicators import Indicator
from services.observatory.pages.common import key_figure
from services.observatory.queries.barometer import Barometer, by_goal, by_month
from shared import reference
from shared.web import charts, maps
from shared.web.format import date, month, number, percent
from shared.web.i18n import _, ngettext
from shared.web.pages import environment, url

BAND = ("organisations", "gatherings", "registrations", "participants", "subscribers", "letters-sent")
STOCKS = ("organisations", "subscribers")


def fragments(view: Barometer, region: str, address: str = "/observatoire") -> dict[str, str]:
    """The HTML of each part, by its id; `address` is where figures open."""
    ui = environment().get_template("macros/ui.html").module
    parts = environment().get_template("observatory/parts.html").module
    told: dict[str, str] = {}
    for name in BAND:
        found = next((one for one in view.figures if one[0].id == name), None)
        if found is not None:
            figure = key_figure(*found, view.year, name in STOCKS)
            figure |= {"url": url(f"{address}/{name}", year=view.year or "all")}
            told[figure["id"]] = str(ui.key_figure(figure))  # type: ignore[attr-defined]
    for name, words in (
        ("odd", _sdgs(view, address)),
        ("departements", _departments(view, region, address)),
        ("mois", _months(view, address)),
    ):
        told[f"part-{name}"] = str(getattr(parts, name)(words))
    told["part-chiffres"] = str(parts.chiffres(_all(view, address)))  # type: ignore[attr-defined]
    return told


def version_of(told: Mapping[str, str]) -> str:
    """A word that changes when any part does."""
    return hashlib.sha256("".join(told.values()).encode()).hexdigest()[:20]


def _about_actors(view: Barometer, n: int, opens: str) -> dict[str, Any]:
    one, _year, _ever = view.figure("organisations")
    return {
        "definition": _(one.definition),
        "as_of": date(view.as_of),
        "n": n,
        "coverage": _(one.coverage),
        "opens": opens,
    }


def _sdgs(view: Barometer, address: str) -> dict[str, Any]:
    _one, _year, ever = view.figure("organisations")
    answering = headlines.answered(view.sdgs, ever.n)
    rows = [
        charts.sdg_bar(goal, value, None if view.limits.filters else url("/annuaire", sdg=goal))
        for goal, value in by_goal(view.sdgs)
    ]
    return _about_actors(view, answering, url(f"{address}/organisations", by="sdg", year="all")) | {
        "title": headlines.of_sdgs(view.sdgs, ever.n),
        "sentence": headlines.sentence_of_sdgs(view.sdgs, ever.n),
        "silent": ever.n - answering,
        "chart": charts.bars(rows, _("Acteurs par objectif de développement durable"), (_("ODD"), _("Acteurs"))),
        "empty": not answering,
    }


def _departments(view: Barometer, region: str, address: str) -> dict[str, Any]:
    _one, _year, ever = view.figure("organisations")
    situated = headlines.answered(view.departments, ever.n)
    values = {line.key: line.value for line in view.departments if line.key is not None}
    within = view.limits.departments
    here = [one for one in reference.departments_of_region(region) if not within or one.code in within]
    listed = sorted(here, key=lambda one: (-values.get(one.code, 0), one.name))
    elsewhere = sum(value for code, value in values.items() if code not in {one.code for one in here})
    rows = [
        [f"{one.name} ({one.code})", number(values.get(one.code, 0)), _part(values.get(one.code, 0), situated)]
        for one in listed
    ]
    links = None if view.limits.filters else {one.code: url("/annuaire", department=one.code) for one in here}
    return _about_actors(view, situated, url(f"{address}/organisations", by="department", year="all")) | {
        "title": headlines.of_departments(view.departments, ever.n),
        "rows": rows,
        "map": None
        if within
        else maps.departments_map(
            {code: value for code, value in values.items() if code},
            links,
            region=region,
            title=_("Acteurs par département"),
            unit=lambda n: ngettext("%(n)s acteur", "%(n)s acteurs", n),
        ),
        "unknown": ever.n - situated,
        "elsewhere": elsewhere,
        "empty": not situated,
    }


def _part(value: int, total: int) -> str:
    return percent(value / total) if total else "–"


def _months(view: Barometer, address: str) -> dict[str, Any]:
    one, of_year, ever = view.figure("listing-requests")
    figure = ever if view.year is None else of_year
    title = headlines.of_months(view.months, view.year)
    return {
        "title": title,
        "sentence": headlines.sentence_of_months(view.months),
        "chart": months_chart(view.months, view.months_before, view.year, view.as_of),
        "definition": _(one.definition),
        "as_of": date(view.as_of),
        "n": figure.n,
        "coverage": _(one.coverage),
        "empty": not figure.n,
        "opens": url(f"{address}/listing-requests", by="month", year=view.year or "all"),
    }


def months_chart(lines: Sequence[Slice], before: Sequence[Slice], year: int | None, until: Day) -> Markup:
    """Columns: the twelve months of a year beside the year before, or every month known."""
    if year is None:
        return _years_chart(lines)
    ticks = [month(f"{year}-{place:02}", short=True) for place in range(1, 13)]
    earlier = by_month(before, year - 1, until) if any(line.value for line in before) else None
    return charts.columns(
        ticks,
        charts.Series(str(year), by_month(lines, year, until)),
        charts.Series(str(year - 1), earlier) if earlier else None,
        _("Par mois"),
    )


def _years_chart(lines: Sequence[Slice]) -> Markup:
    values: Counter[int] = Counter()
    for line in lines:
        if line.key:
            values[int(line.key[:4])] += line.value
    years = range(max(min(values, default=0), max(values, default=0) - 11), max(values, default=0) + 1)
    shown = charts.Series(_("Depuis l’origine"), [values[year] for year in years])
    return charts.columns([str(year) for year in years], shown, None, _("Par année"))


def _all(view: Barometer, address: str) -> dict[str, Any]:
    rows = [
        {
            "name": _(one.name),
            "what": _counts(one, of_year, ever, view.year),
            "n": number(of_year.n),
            "definition": _(one.definition),
            "coverage": _(one.coverage),
            "url": url(f"{address}/{one.id}", year=view.year or "all"),
        }
        for one, of_year, ever in view.figures
    ]
    return {"rows": rows, "as_of": date(view.as_of)}


def _counts(one: Indicator, of_year: Figure, ever: Figure, year: int | None) -> str:
    whole = _("%(n)s %(unit)s depuis l’origine", n=number(ever.value), unit=one.unit_of(ever.value))
    if year is None:
        return whole
    return _("%(n)s en %(year)s, %(whole)s", n=number(of_year.value), year=year, whole=whole)
