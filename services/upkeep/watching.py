"""A look every few minutes, and a mail straight to the mail server: it leaves when bus and databases do not answer."""

import asyncio
from pathlib import Path

import structlog

from services import reach
from services.mailing.mails.dkim import Seal
from services.mailing.mails.keys import DkimSettings
from services.mailing.mails.message import Posting, message_of
from services.mailing.mails.pieces import Block, Mail, heading, text, title
from services.mailing.smtp import Connection
from services.upkeep.checkup import watched
from services.upkeep.errors import UpkeepRefused
from services.upkeep.settings import UpkeepSettings
from services.upkeep.warning import News, Trouble, keep_watch, news_of, read_watch, seen, told
from shared.clock import in_paris, new_id, now
from shared.settings import Settings

EVERY_SECONDS = 300
WATCH = "watch.json"
NAMES = {
    "bus": "Le bus",
    "databases": "Les bases de données",
    "services": "Les services",
    "streams": "Les flux",
    "journal": "Le journal",
    "clock": "L’horloge",
    "dead-letters": "Les lettres mortes",
    "disk": "Le disque",
    "backup": "La sauvegarde",
}

log = structlog.get_logger()


async def look(upkeep: UpkeepSettings, file: Path) -> News:
    """Look once, and write to the administrator if there is news; UpkeepRefused where the mail is not taken."""
    settings = reach.settings_of("mailing")
    watch = seen(read_watch(file), [one async for one in watched(upkeep)], now())
    keep_watch(file, watch)
    news = news_of(watch, now())
    if news:
        await _write_to(upkeep.admin_email or settings.team_email, news, settings)
        keep_watch(file, told(watch, news, now()))
    return news


async def keep_looking(upkeep: UpkeepSettings, file: Path, every: float = EVERY_SECONDS) -> None:
    """Look for ever; a look that fails is only a line in the log, and the next one comes."""
    while True:
        await asyncio.sleep(every)
        try:
            await look(upkeep, file)
        except Exception as error:
            log.warning("check-up failed", reason=str(error) or type(error).__name__)


async def _write_to(address: str, news: News, settings: Settings) -> None:
    seal = Seal.of(settings, DkimSettings())
    message = message_of(mail_of(news, settings), Posting(new_id(), address, new_id()), settings, seal)
    async with Connection(settings) as connection:
        outcome = await connection.send(address, message)
    if outcome.kind != "accepted":
        raise UpkeepRefused(f"Le serveur de courrier n’a pas pris l’avertissement\u00a0: {outcome.reason}.")


def mail_of(news: News, settings: Settings) -> Mail:
    """What the administrator reads."""
    blocks: list[Block] = []
    for about, trouble in news.lasting.items():
        blocks += [heading(NAMES[about]), text(_since(trouble)), *(text(one) for one in trouble.sentences)]
    if news.over:
        blocks += [
            heading("C’est fini"),
            text("\n".join(f"{NAMES[about]}\u00a0: tout va bien." for about in news.over)),
        ]
    names = ", ".join(NAMES[about].lower() for about in news.lasting)
    subject = f"À regarder\u00a0: {names}" if news.lasting else "Tout va bien de nouveau"
    blocks.append(text("La commande maillage doctor regarde tout et dit que faire\u00a0; docs/operate.md explique."))
    return Mail(
        f"[{settings.network_name}] {subject}",
        (title(subject), *blocks),
        f"Vous recevez ce message parce que vous administrez {settings.public_url}.",
    )


def _since(trouble: Trouble) -> str:
    return f"Depuis le {in_paris(trouble.since):%d/%m/%Y à %H:%M}."
