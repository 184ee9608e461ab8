"""Numbers, dates and times read as people write them."""

import datetime as dt
from collections.abc import Iterator

import pytest

from shared.web import format
from shared.web.i18n import language


@pytest.fixture
def english() -> Iterator[None]:
    token = language.set("en")
    yield
    language.reset(token)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def test_numbers_set_their_thousands_apart() -> None:
    assert format.number(1432) == "1\u202f432"
    assert format.number(1234567.5, 1) == "1\u202f234\u202f567,5"
    assert format.number(-3) == "−3"
    assert format.number(None) == "non renseigné"


def test_shares_are_written_with_a_comma_and_a_narrow_space() -> None:
    assert format.percent(0.455) == "45,5\u202f%"
    assert format.percent(0.47) == "47\u202f%"
    assert format.signed(9) == "+\u202f9"
    assert format.signed(-3.1, 1) == "−\u202f3,1"


def test_days_know_their_first_and_their_partial_forms() -> None:
    assert format.date("2020-12-01") == "1er décembre 2020"
    assert format.date(dt.date(2016, 11, 4), weekday=True) == "vendredi 4 novembre 2016"
    assert format.date("2020-06") == "juin 2020"
    assert format.date("2020") == "2020"
    assert format.date(None) == "non renseigné"
    assert format.month("2020-06-12") == "juin 2020"
    assert format.short_date("2020-06") == "06/2020"


def test_times_are_on_the_clock_of_paris() -> None:
    assert format.time(at("2020-07-01T12:30")) == "14\u00a0h\u00a030"
    assert format.time(at("2020-12-01T08:00")) == "9\u00a0h"
    assert format.date(at("2020-12-31T23:30")) == "1er janvier 2021"
    with pytest.raises(ValueError, match="no time zone"):
        format.time(dt.datetime(2020, 1, 1))


def test_a_period_says_nothing_twice() -> None:
    morning, evening = at("2016-11-04T08:00"), at("2016-11-04T16:30")
    assert format.period(morning, evening) == "vendredi 4 novembre 2016, de 9\u00a0h à 17\u00a0h\u00a030"
    assert format.period(morning) == "vendredi 4 novembre 2016 à 9\u00a0h"
    assert format.period(dt.date(2016, 11, 4), dt.date(2016, 11, 6)) == "du 4 au 6 novembre 2016"
    assert format.period(dt.date(2020, 11, 30), dt.date(2020, 12, 2)) == "du 30 novembre au 2 décembre 2020"
    assert format.period(dt.date(2020, 12, 30), dt.date(2021, 1, 1)) == "du 30 décembre 2020 au 1er janvier 2021"


def test_days_near_today_are_said_by_their_distance() -> None:
    today = dt.date(2026, 3, 10)
    said = {n: format.relative_day(today + dt.timedelta(n), today) for n in (-1, 0, 1, 3, -5, 90)}
    assert said == {
        -1: "hier",
        0: "aujourd’hui",
        1: "demain",
        3: "dans 3 jours",
        -5: "il y a 5 jours",
        90: "8 juin 2026",
    }


def test_english_readers_get_their_own_forms(english: None) -> None:
    assert format.number(1432.5, 1) == "1,432.5"
    assert format.percent(0.455) == "45.5%"
    assert format.date("2020-12-01", weekday=True) == "Tuesday 1 December 2020"
    assert format.period(at("2016-11-04T08:00"), at("2016-11-04T16:30")) == "Friday 4 November 2016, 09:00 to 17:30"


def test_the_name_of_a_field_becomes_an_id_that_links_can_hold() -> None:
    assert format.dom_id("sessions[0].title") == "sessions-0-title"
    assert format.field_id("sdgs-3") == "sdgs"
    assert format.field_id("sessions-0-starts_at") == "sessions-0-starts_at"
