"""The databases, the bus and the services, asked from outside."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from services import reach
from services.houses import CARDS, migrations_of
from services.mailing.mails.addresses import host_of
from services.mailing.wire import NotOpened, Wire
from services.upkeep.findings import Finding, unknown, well, wrong
from services.upkeep.forecast import Growth, growth
from shared import migrate
from shared.clock import now
from shared.contracts import FACTS, PEOPLE
from shared.db import Database, Tx
from shared.errors import Unavailable
from shared.settings import SERVICES, Settings

OLDEST_POSTGRES = 170_000
LONGEST_WAIT = timedelta(minutes=5)
LARGEST_DRIFT = timedelta(seconds=2)
LARGEST_LAG = 10_000


async def database_findings(growths: list[Growth]) -> AsyncIterator[Finding]:
    """Each service's database; what it tells of its growth is added to `growths`."""
    for name in SERVICES:
        settings = reach.settings_of(name)
        db = Database(settings.database_url, settings.network, 2)
        try:
            await db.open()
            async with db.reading() as tx:
                growths.append(await growth(tx))
                for finding in await _inside(name, settings, tx):
                    yield finding
        except (OSError, TimeoutError, Unavailable) as error:
            said = str(error) or type(error).__name__
            yield wrong(
                "databases",
                f"La base {name} ne répond pas ({said})\u00a0: démarrez PostgreSQL, ou corrigez son adresse.",
            )
        except Exception as error:  # refused, without tables: whatever it is, the others are still looked at
            yield wrong("databases", f"La base {name} ne s’ouvre pas\u00a0: {error}.")
        finally:
            await db.close()


async def _inside(name: str, settings: Settings, tx: Tx) -> list[Finding]:
    found = []
    if missing := await _missing_migrations(name, tx):
        found.append(wrong("databases", f"Base {name}\u00a0: il manque {', '.join(missing)}. Lancez maillage migrate."))
    version = int(await tx.fetchval("SHOW server_version_num"))
    if version < OLDEST_POSTGRES:
        found.append(wrong("databases", f"Base {name}\u00a0: PostgreSQL {version // 10_000}, il faut 17 au moins."))
    if await tx.fetchval("SHOW fsync") != "on":
        found.append(wrong("databases", f"Base {name}\u00a0: fsync est éteint, une coupure perdrait des données."))
    found += await _clock(name, tx)
    found += await _journal(name, tx)
    if name == "registry":
        team = await tx.fetchval("SELECT count(*) FROM staff")
        found.append(
            well("users", f"Peuvent entrer dans l’espace équipe\u00a0: {settings.team_email} et {team} autres.")
        )
    if name == "mailing" and await tx.fetchval("SELECT EXISTS (SELECT FROM sending_pause)"):
        found.append(unknown("mail", "Les envois sont en pause\u00a0: maillage mail resume les reprend."))
    if not any(one.level == "wrong" for one in found):
        found.append(well("databases", f"Base {name}\u00a0: PostgreSQL {version // 10_000}, migrations en place."))
    return found


async def _missing_migrations(name: str, tx: Tx) -> list[str]:
    applied = {row["name"] for row in await tx.fetch("SELECT name FROM migration")}
    return [one.name for one in migrate.migrations_in(migrations_of(name)) if one.name not in applied]


async def _clock(name: str, tx: Tx) -> list[Finding]:
    before = now()
    theirs = await tx.fetchval("SELECT clock_timestamp()")
    return drift("PostgreSQL", theirs, before, now()) if name == "registry" else []


async def _journal(name: str, tx: Tx) -> list[Finding]:
    row = await tx.fetchrow(
        """SELECT (SELECT min(recorded_at) FROM journal WHERE stream_seq IS NULL AND body IS NOT NULL) AS oldest,
               (SELECT count(*) FROM journal WHERE stream_seq IS NULL AND body IS NOT NULL) AS waiting,
               (SELECT count(*) FROM parked WHERE next_at IS NULL) AS dead"""
    )
    assert row
    found = []
    if row["oldest"] and now() - row["oldest"] > LONGEST_WAIT:
        sentence = f"{row['waiting']} faits de {name} attendent le flux depuis {ago(now() - row['oldest'])}"
        found.append(wrong("journal", f"{sentence}\u00a0: regardez NATS et le service {name}. Rien n’est perdu."))
    if row["dead"]:
        found.append(
            wrong("dead-letters", f"{row['dead']} lettres mortes dans {name}\u00a0: maillage dead-letters list.")
        )
    return found


def drift(server: str, theirs: datetime, before: datetime, after: datetime) -> list[Finding]:
    """Whether a server's clock is ours, give or take the time its answer took."""
    apart = max(before - theirs, theirs - after, timedelta(0))
    if apart > LARGEST_DRIFT:
        return [
            wrong(
                "clock", f"L’horloge de {server} s’écarte de {ago(apart)} de celle-ci\u00a0: activez NTP (timedatectl)."
            )
        ]
    return [well("clock", f"L’horloge de {server} est celle de cette machine.")]


def ago(span: timedelta) -> str:
    """A span as people say it."""
    minutes = int(span.total_seconds()) // 60
    if minutes < 2:
        return f"{int(span.total_seconds())} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} jours"


async def bus_findings() -> AsyncIterator[Finding]:
    """The bus as its owner sees it: its streams, its consumers, its clock."""
    try:
        async with reach.bus_owner() as client:
            for finding in [*await _streams(client), *await _bus_clock(client)]:
                yield finding
    except (OSError, TimeoutError, NatsError) as error:
        said = str(error) or type(error).__name__
        yield wrong(
            "bus", f"NATS ne répond pas ({said})\u00a0: démarrez-le. Les formulaires marchent, rien n’est perdu."
        )


async def _streams(client: Client) -> list[Finding]:
    js = client.jetstream(timeout=5)
    found = []
    for card in CARDS.values():
        for stream in card.streams:
            try:
                info = await js.consumer_info(stream, card.durable(stream))
            except NotFoundError:
                found.append(
                    wrong("streams", f"Il manque le consommateur {card.durable(stream)}\u00a0: maillage bus apply.")
                )
                continue
            if (info.num_pending or 0) > LARGEST_LAG:
                found.append(wrong("streams", f"{card.durable(stream)} a {info.num_pending} faits de retard."))
    for stream in (FACTS, PEOPLE):
        try:
            state = (await js.stream_info(stream)).state
            found.append(
                well("streams", f"Flux {stream}\u00a0: {state.messages} messages, {state.bytes // 1024**2} Mo.")
            )
        except NotFoundError:
            found.append(wrong("streams", f"Le flux {stream} n’existe pas\u00a0: maillage bus apply, puis republish."))
    return found


async def _bus_clock(client: Client) -> list[Finding]:
    before = now()
    answer = json.loads((await client.request(f"$JS.API.STREAM.INFO.{FACTS}", b"", timeout=5)).data)
    if "ts" not in answer:
        return []
    theirs = datetime.fromisoformat(answer["ts"].partition(".")[0].rstrip("Z")).replace(tzinfo=UTC)
    return drift("NATS", theirs, before - timedelta(seconds=1), now())  # its second is cut


async def service_findings(settings: Settings) -> AsyncIterator[Finding]:
    """Each service, by its own address or the public one: does it answer, does its bus."""
    async with httpx.AsyncClient(timeout=10) as client:
        for name in SERVICES:
            door = reach.door_of(name, settings)
            try:
                answer = await client.get(f"{door}/{name}/health/ready")
                said = answer.json()
            except (httpx.HTTPError, ValueError) as error:
                yield wrong(
                    "services",
                    f"{name} ne répond pas à {door} ({type(error).__name__})\u00a0: "
                    f"systemctl status maillage@{name}, et la passerelle.",
                )
                continue
            if answer.status_code != 200:
                yield wrong(
                    "services", f"{name} n’est pas prêt\u00a0: il attend {said.get('awaits', 'on ne sait quoi')}."
                )
            elif said.get("bus") != "ok":
                yield wrong(
                    "bus", f"{name} n’est plus relié à NATS\u00a0: les formulaires marchent, les courriels attendent."
                )
            else:
                yield well("services", f"{name} répond.")


async def mail_server_findings(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the mail server lets us in; nothing is sent."""
    try:
        async with asyncio.timeout(10):
            wire = await Wire.opened(urlsplit(settings.smtp_url), host_of(settings))
            wire.replies.drop()
    except NotOpened as error:
        said, cure = f"refuse ({error.reply.code})", "vérifiez l’utilisateur et le mot de passe de MAILLAGE_SMTP_URL"
    except (OSError, ValueError) as error:
        said, cure = f"ne répond pas ({type(error).__name__})", "vérifiez MAILLAGE_SMTP_URL, et le serveur"
    else:
        yield well("mail", "Le serveur de courrier répond.")
        return
    yield wrong("mail", f"Le serveur de courrier {said}\u00a0: {cure}. Les courriels attendent, rien n’est perdu.")
