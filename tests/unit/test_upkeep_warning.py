"""When the administrator is written to: once when it stays, each day, once when it is over."""

from datetime import UTC, datetime, timedelta

from services.upkeep.findings import Finding, well, wrong
from services.upkeep.warning import News, Watch, news_of, seen, told

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
DOWN = [wrong("bus", "NATS ne répond pas."), well("disk", "12 Go libres.")]
UP = [well("bus", "NATS répond.")]


class Reader:
    """An administrator, and what has reached them."""

    def __init__(self) -> None:
        self.watch = Watch()

    def after(self, minutes: float, findings: list[Finding]) -> News:
        moment = START + timedelta(minutes=minutes)
        self.watch = seen(self.watch, findings, moment)
        news = news_of(self.watch, moment)
        self.watch = told(self.watch, news, moment) if news else self.watch
        return news


def test_a_restart_is_no_trouble() -> None:
    reader = Reader()
    assert not reader.after(0, DOWN)
    assert not reader.after(4, DOWN)
    assert not reader.after(4.5, UP)
    assert not reader.after(9, DOWN), "it begins again"


def test_a_trouble_is_told_once_then_daily_then_once_when_it_is_over() -> None:
    reader = Reader()
    mails = [minute for minute in range(0, 3 * 1440, 5) if reader.after(minute, DOWN)]
    assert mails == [5, 1445, 2885]
    over = reader.after(3 * 1440, UP)
    assert list(over.over) == ["bus"]
    assert not over.lasting
    assert not reader.after(3 * 1440 + 5, UP)


def test_what_nobody_was_told_of_ends_without_a_word() -> None:
    reader = Reader()
    reader.after(0, DOWN)
    assert not reader.after(3, UP)


def test_a_second_trouble_comes_with_the_first() -> None:
    reader = Reader()
    reader.after(0, DOWN)
    assert list(reader.after(5, DOWN).lasting) == ["bus"]
    both = reader.after(10, [*DOWN, wrong("backup", "La dernière sauvegarde a 49 h.")])
    assert list(both.lasting) == ["bus", "backup"]


def test_a_mail_that_did_not_leave_is_due_again() -> None:
    moment = START + timedelta(minutes=6)
    watch = seen(seen(Watch(), DOWN, START), DOWN, moment)
    assert news_of(watch, moment)
    assert news_of(seen(watch, DOWN, moment), moment)
