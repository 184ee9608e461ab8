"""Numbers, dates and times as people write them, in French and in English, always on the clock of Paris."""

import datetime as dt
import functools
import re
from zoneinfo import ZoneInfo

from babel.dates import get_day_names, get_month_names

from shared.web.i18n import _, grouped, language, ngettext

PARIS = ZoneInfo("Europe/Paris")
_months, _days = functools.cache(get_month_names), functools.cache(get_day_names)
When = dt.datetime | dt.date | str | None


def unknown() -> str:
    """Say that a thing is not known: what we do not know is never left blank or guessed."""
    return _("non renseigné")


def number(value: float | None, digits: int = 0) -> str:
    """Write a number with its thousands set apart: 1 432, or 3,1 with one digit."""
    if value is None:
        return unknown()
    lang = language.get()
    if not digits:
        return grouped(round(value), lang)
    whole, _dot, rest = f"{value:,.{digits}f}".partition(".")
    if lang == "en":
        return f"{whole}.{rest}"
    return f"{whole},{rest}".replace(",", "\u202f", whole.count(",")).replace("-", "−")


def percent(value: float | None, digits: int = 1) -> str:
    """Write a share (0.455) as 45,5 %, or 45.5% in English; whole percents lose their zero."""
    if value is None:
        return unknown()
    points = round(value * 100, digits)
    written = number(points, 0 if points == round(points) else digits)
    return f"{written}%" if language.get() == "en" else f"{written}\u202f%"


def signed(value: float | None, digits: int = 0) -> str:
    """Write a change with its sign: + 9, − 3, 0."""
    if value is None:
        return unknown()
    sign = "" if not value else ("+" if value > 0 else "−")
    space = "" if language.get() == "en" or not sign else "\u202f"
    return f"{sign}{space}{number(abs(value), digits)}"


def at_paris(value: dt.datetime) -> dt.datetime:
    """Move an aware time to Europe/Paris; refuses (ValueError) a time without zone."""
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return value.astimezone(PARIS)


def _day(value: dt.datetime | dt.date | str) -> dt.date | str:
    if isinstance(value, str):
        if re.fullmatch(r"\d{4}(-\d\d)?", value):
            return value
        value = dt.date.fromisoformat(value) if len(value) == 10 else dt.datetime.fromisoformat(value)
    return at_paris(value).date() if isinstance(value, dt.datetime) else value


def _day_number(day: int) -> str:
    return "1er" if day == 1 and language.get() == "fr" else str(day)


def _month_name(month: int, width: str = "wide") -> str:
    return str(_months(width, locale=language.get())[month])


def date(value: When, weekday: bool = False, year: bool = True) -> str:
    """Write a day: 1er décembre 2020; a partial date keeps what it knows: juin 2020, 2020."""
    if value is None or value == "":
        return unknown()
    day = _day(value)
    if isinstance(day, str):
        return day if len(day) == 4 else month(day)
    written = f"{_day_number(day.day)} {_month_name(day.month)}" + (f" {day.year}" if year else "")
    return f"{_days('wide', locale=language.get())[day.weekday()]} {written}" if weekday else written


def short_date(value: When) -> str:
    """Write a day for a table: 01/12/2020, 12/2020, 2020."""
    if value is None or value == "":
        return unknown()
    day = _day(value)
    return "/".join(reversed(str(day).split("-")))


def month(value: When, short: bool = False) -> str:
    """Write a month: juin 2020, or juin alone when short."""
    if value is None or value == "":
        return unknown()
    day = _day(value)
    year, number_of_month = (int(part) for part in str(day).split("-")[:2])
    return _month_name(number_of_month, "abbreviated") if short else f"{_month_name(number_of_month)} {year}"


def time(value: dt.datetime | dt.time | None) -> str:
    """Write a time of day: 14 h 30, 9 h (no-break spaces); 14:30 in English."""
    if value is None:
        return unknown()
    clock = at_paris(value) if isinstance(value, dt.datetime) else value
    if language.get() == "en":
        return f"{clock.hour:02}:{clock.minute:02}"
    return f"{clock.hour}\u00a0h" + (f"\u00a0{clock.minute:02}" if clock.minute else "")


def moment(value: dt.datetime | None) -> str:
    """Write a day and its time: 1er décembre 2020 à 14 h 30."""
    if value is None:
        return unknown()
    return _("%(day)s à %(time)s", day=date(value), time=time(value))


def period(start: dt.datetime | dt.date, end: dt.datetime | dt.date | None = None) -> str:
    """Write from when to when, saying nothing twice: mardi 4 novembre 2016, de 9 h à 17 h; du 4 au 6 novembre 2016."""
    first, last = _as_day(start), _as_day(end if end is not None else start)
    if first != last:
        same_year = first.year == last.year
        same_month = same_year and first.month == last.month
        opening = _day_number(first.day) if same_month else date(first, year=not same_year)
        return _("du %(first)s au %(last)s", first=opening, last=date(last))
    written = date(first, weekday=True)
    if not isinstance(start, dt.datetime):
        return written
    if not isinstance(end, dt.datetime) or end == start:
        return _("%(day)s à %(time)s", day=written, time=time(start))
    return _("%(day)s, de %(start)s à %(end)s", day=written, start=time(start), end=time(end))


def _as_day(value: dt.datetime | dt.date) -> dt.date:
    return at_paris(value).date() if isinstance(value, dt.datetime) else value


def relative_day(value: dt.datetime | dt.date, today: dt.date | None = None) -> str:
    """Say how far a day is: aujourd’hui, demain, dans 3 jours, il y a 5 jours; the date beyond a month."""
    day = _as_day(value)
    distance = (day - (today or dt.datetime.now(PARIS).date())).days
    near = {-1: _("hier"), 0: _("aujourd’hui"), 1: _("demain")}
    if distance in near:
        return near[distance]
    if abs(distance) > 31:
        return date(day)
    if distance > 0:
        return ngettext("dans %(n)s jour", "dans %(n)s jours", distance)
    return ngettext("il y a %(n)s jour", "il y a %(n)s jours", -distance)


def iso(value: dt.datetime | dt.date | str) -> str:
    """Write a time for a machine (`datetime` of a <time>), on the clock of Paris."""
    return at_paris(value).isoformat(timespec="minutes") if isinstance(value, dt.datetime) else str(value)


def dom_id(name: str) -> str:
    """Turn the name of a field into an id that CSS and links can hold: sessions[0].title -> sessions-0-title."""
    return re.sub(r"[^\w-]+", "-", name).strip("-")


def field_id(name: str) -> str:
    """Give the id an error links to; one about an item of a list of choices (sdgs-3) is about the list."""
    return re.sub(r"-\d+$", "", dom_id(name))
