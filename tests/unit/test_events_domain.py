"""The pure rules of gatherings: addresses, departments, the calendar's hours, a form's rows."""

from datetime import UTC, date, datetime

import pytest
from icalendar import Calendar

from services.events.calendars import Occasion, invitation, uid
from services.events.cursors import cursor_of, read_cursor
from services.events.domain import Session, department_of, midnight, month_after, slug_of, slugs_of
from services.events.pages.rows import lay_out
from shared.clock import new_id
from shared.errors import Invalid
from shared.web.forms import Form


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Financer un projet d’accès à l’eau", "financer-un-projet-d-acces-a-l-eau"),
        ("« Café » : l’œuvre !", "cafe-l-oeuvre"),
        ("???", "evenement"),
        ("x" * 200, "x" * 80),
    ],
)
def test_a_title_gives_its_address(title: str, slug: str) -> None:
    assert slug_of(title) == slug


def test_the_team_s_address_is_never_an_event_s() -> None:
    assert "equipe" not in slugs_of("Équipe", date(2031, 5, 5))
    assert slugs_of("Équipe", date(2031, 5, 5))[0] == "equipe-2031"


@pytest.mark.parametrize(
    ("place", "department"),
    [
        ("Salle des Tilleuls, Poitiers", "86"),
        ("Bordeaux", "33"),
        ("Mairie, Melle (79)", "79"),
        ("Siège de la Région – site de Limoges", None),
        ("Paris", None),
        ("Halle des Douves", None),
        ("", None),
        (None, None),
    ],
)
def test_a_place_gives_its_department_only_where_it_names_it(place: str | None, department: str | None) -> None:
    assert department_of(place) == department


def test_days_and_months_are_those_of_paris() -> None:
    assert midnight(date(2020, 6, 18)) == datetime(2020, 6, 17, 22, tzinfo=UTC)
    assert midnight(date(2020, 12, 3)) == datetime(2020, 12, 2, 23, tzinfo=UTC)
    assert month_after(date(2020, 12, 1)) == date(2021, 1, 1)


def occasion(*sessions: Session) -> Occasion:
    return Occasion("g1", 0, False, "Eau", "https://reseau.example/agenda/eau", sessions, (), (), "Poitiers", None)


def read(calendar: str) -> list[datetime]:
    return [event.start.astimezone(UTC) for event in Calendar.from_ical(calendar).walk("VEVENT")]


def test_the_hour_that_october_has_twice_is_told_without_a_doubt() -> None:
    first, second = datetime(2031, 10, 26, 0, 30, tzinfo=UTC), datetime(2031, 10, 26, 1, 30, tzinfo=UTC)
    slots = (Session(first, second), Session(second, datetime(2031, 10, 26, 3, tzinfo=UTC)))
    told = invitation(occasion(*slots), ("Réseau", "equipe@reseau.example"), ("Aline", "a@b.example"), cancelled=False)
    assert read(told) == [first, second]


def test_lines_of_a_calendar_are_folded_and_hold_no_injected_line() -> None:
    start, end = datetime(2031, 5, 5, 12, tzinfo=UTC), datetime(2031, 5, 5, 14, tzinfo=UTC)
    name = 'Aline; "Roux", ' + "de la très longue lignée " * 6
    told = invitation(occasion(Session(start, end)), ("Réseau", "e@r.example"), (name, "a@b.example"), cancelled=True)
    lines = told.split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    assert "METHOD:CANCEL" in lines and "STATUS:CANCELLED" in lines
    (event,) = Calendar.from_ical(told).walk("VEVENT")
    assert event["attendee"] == "mailto:a@b.example" and event["uid"] == uid("g1", 0)


def test_a_cursor_is_read_as_it_was_written_and_another_word_is_refused() -> None:
    moment, row_id = datetime(2031, 5, 5, 12, tzinfo=UTC), new_id()
    assert read_cursor(cursor_of(moment, row_id)) == (moment, row_id)
    for wrong in ("abc", "é", "====", "MjAzMS0wNS0wNQ"):
        with pytest.raises(Invalid):
            read_cursor(wrong)


def test_empty_rows_of_a_form_go_away_and_the_others_are_numbered_again() -> None:
    form = Form({"sessions-0-starts_at": "", "sessions-4-starts_at": "2031-05-05T14:00", "_add": "programme"})
    rows = lay_out(form)
    assert (rows.sessions, rows.programme) == (1, 3)
    assert form.values == {"sessions-0-starts_at": "2031-05-05T14:00"}
