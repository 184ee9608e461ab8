"""Whom to warn, and when: once when something stays wrong, each day while it lasts, once when it is over."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ValidationError

from services.upkeep.findings import Finding
from shared.embedded.layout import write_private

PATIENCE = {
    "bus": timedelta(minutes=5),
    "databases": timedelta(minutes=5),
    "services": timedelta(minutes=5),
    "streams": timedelta(minutes=5),
    "journal": timedelta(minutes=5),
    "clock": timedelta(minutes=5),
    "dead-letters": timedelta(0),
    "disk": timedelta(0),
    "backup": timedelta(0),
}
"""How long each trouble may last before it is told: a restart is not one."""
AGAIN = timedelta(days=1)


class Trouble(BaseModel):
    """Something that is wrong, and what was told of it."""

    since: datetime
    told_at: datetime | None = None
    sentences: list[str] = []


class Watch(BaseModel):
    """What is wrong, kept from one look to the next."""

    troubles: dict[str, Trouble] = {}


class News(BaseModel):
    """What one look has to tell."""

    lasting: dict[str, Trouble] = {}
    over: dict[str, Trouble] = {}

    def __bool__(self) -> bool:
        return bool(self.lasting or self.over)


def seen(watch: Watch, findings: Iterable[Finding], moment: datetime) -> Watch:
    """The troubles after a look: those that last keep their beginning; those that were told stay until told over."""
    now_wrong: dict[str, list[str]] = {}
    for one in findings:
        if one.level == "wrong" and one.about in PATIENCE:
            now_wrong.setdefault(one.about, []).append(one.sentence)
    lasting = {
        about: (watch.troubles.get(about) or Trouble(since=moment)).model_copy(update={"sentences": sentences})
        for about, sentences in now_wrong.items()
    }
    over = {
        about: trouble.model_copy(update={"sentences": []})
        for about, trouble in watch.troubles.items()
        if about not in now_wrong and trouble.told_at
    }
    return Watch(troubles=lasting | over)


def news_of(watch: Watch, moment: datetime) -> News:
    """What is to be told now: new troubles that stayed, and with them every other; a day later again; and the ends."""
    over = {about: one for about, one in watch.troubles.items() if not one.sentences}
    stayed = {
        about: one for about, one in watch.troubles.items() if one.sentences and moment - one.since >= PATIENCE[about]
    }
    due = any(one.told_at is None or moment - one.told_at >= AGAIN for one in stayed.values())
    return News(lasting=stayed if due else {}, over=over)


def told(watch: Watch, news: News, moment: datetime) -> Watch:
    """The watch once the mail has left."""
    kept = {about: one for about, one in watch.troubles.items() if about not in news.over}
    said = {about: one.model_copy(update={"told_at": moment}) for about, one in news.lasting.items()}
    return Watch(troubles=kept | said)


def read_watch(file: Path) -> Watch:
    """What was kept; nothing where there is no file, or it does not read."""
    try:
        return Watch.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return Watch()


def keep_watch(file: Path, watch: Watch) -> None:
    """Keep it for the next look."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(file, watch.model_dump_json(indent=1))
