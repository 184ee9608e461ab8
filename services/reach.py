"""How a command finds the system it speaks to: the environment, or the embedded system of `MAILLAGE_DATA`."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from errno import EACCES, EEXIST, EISDIR, ENOENT, ENOSPC, ENOTDIR, EROFS
from typing import Annotated, Any, NoReturn, TypeVar

import asyncpg
import typer
from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic import ValidationError
from rich.console import Console

from services.upkeep.errors import UpkeepRefused
from shared.bus.bus import connect
from shared.db import Database
from shared.embedded.errors import CannotStart
from shared.embedded.layout import RunningSystem, Secrets, read_secrets, running_system
from shared.errors import Invalid, Refusal
from shared.migrate import MigrationChanged
from shared.settings import SERVICES, Settings

Result = TypeVar("Result")

ServiceOption = Annotated[str | None, typer.Option("--service", help="one service; none: all four")]

BROKEN = (OSError, NatsError, asyncpg.PostgresError, asyncpg.InterfaceError, MigrationChanged)
"""What a file, a database or the bus may do to a command."""

WHY = {
    ENOENT: "ce fichier ou ce dossier n’existe pas",
    EEXIST: "existe déjà",
    EISDIR: "c’est un dossier",
    ENOTDIR: "ce n’est pas un dossier",
    EACCES: "l’accès est refusé",
    EROFS: "rien ne peut y être écrit",
    ENOSPC: "il n’y a plus de place",
}
"""What stops a file from being read or written, as people read it."""

console = Console(stderr=True, highlight=False)


def fail(sentence: str) -> NoReturn:
    """Say one sentence and leave with status 1."""
    console.print(sentence, style="bold red", markup=False, soft_wrap=True)
    raise typer.Exit(1)


def settings_from_environment(demo: bool | None = None) -> Settings:
    """The settings of the environment; what is wrong in them is said, and ends the command."""
    try:
        return Settings() if demo is None else Settings(demo=demo)
    except ValidationError as error:
        fail(wrong_setting(error))


def wrong_setting(error: ValidationError) -> str:
    """Which settings of the environment do not read."""
    wrong = ", ".join(f"MAILLAGE_{one['loc'][0]}".upper() for one in error.errors())
    return f"Réglage à corriger dans l’environnement\u00a0: {wrong}. Voir docs/operate.md."


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's work; a refusal is said in its sentence."""
    try:
        return asyncio.run(work)
    except Invalid as refusal:
        fail("\n".join(f"{field}\u00a0: {sentence}" for field, sentence in refusal.errors.items()))
    except (Refusal, UpkeepRefused, CannotStart) as refusal:
        fail(refusal.sentence)
    except BROKEN as error:
        fail(told(error))


def end_on_sigterm() -> None:
    """SIGTERM ends this command: the kernel does so for every process but the first of a container."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())


def told(error: Exception) -> str:
    """What broke, in a sentence: a file, a database that refuses, or a server that does not answer."""
    if isinstance(error, UpkeepRefused):
        return error.sentence
    if isinstance(error, OSError) and (error.filename or error.errno == ENOSPC):
        return f"{error.filename or 'Le disque'}\u00a0: {WHY.get(error.errno or 0, error.strerror)}."
    if isinstance(error, MigrationChanged):
        return f"La migration {error} n’est plus celle qui a été appliquée\u00a0: remettez le fichier d’origine."
    said = str(error) or type(error).__name__
    if isinstance(error, (OSError, NatsError)):
        return f"PostgreSQL ou NATS ne répond pas\u00a0: {said}."
    return f"PostgreSQL refuse\u00a0: {said}. Vérifiez MAILLAGE_DATABASE_URL et les mots de passe (maillage doctor)."


def service_names(service: str | None) -> list[str]:
    """The service that was named, or all four."""
    if service is not None and service not in SERVICES:
        fail(f"Ce service n’existe pas\u00a0: {service}. Il y en a quatre\u00a0: {', '.join(SERVICES)}.")
    return [service] if service else list(SERVICES)


def is_apart() -> bool:
    """Whether the environment gives the servers' addresses; else everything is in the data folder."""
    settings = settings_from_environment()
    return bool(settings.database_url or settings.nats_url)


def settings_of(service: str) -> Settings:
    """The settings by which a command reaches one service's database and the bus as that service (or as `owner`)."""
    settings = settings_from_environment()
    if settings.database_url or settings.nats_url:
        return settings.model_copy(
            update={
                "database_url": settings.database_url.replace("{service}", service),
                "nats_url": settings.nats_url.replace("{user}", service),
            }
        )
    system, secrets = _embedded(settings)
    return settings.model_copy(
        update={
            "secret": secrets.signing_secret,
            "people_secret": secrets.people_secret,
            "public_url": system.site_url or settings.public_url,
            "database_url": system.database_urls.get(service, ""),
            "nats_url": system.nats_urls.get(service, ""),
            "smtp_url": settings.smtp_url or system.smtp_url or "",
            "smtp_is_mailbox": not settings.smtp_url,
        }
    )


def _embedded(settings: Settings) -> tuple[RunningSystem, Secrets]:
    try:
        system, secrets = running_system(settings.data), read_secrets(settings.data)
    except PermissionError:
        fail(f"Le dossier de données {settings.data} est à un autre compte\u00a0: lancez cette commande avec lui.")
    except CannotStart as error:
        fail(error.sentence)
    except OSError as error:
        fail(told(error))
    if system is None or secrets is None:
        fail(f"Aucun Maillage ne tourne avec le dossier de données {settings.data}\u00a0: lancez make run d’abord.")
    return system, secrets


def door_of(service: str, settings: Settings) -> str:
    """Where a service answers HTTP: from inside where the settings say so, else by the public address."""
    return settings.service_url.replace("{service}", service) or settings.public_url


@asynccontextmanager
async def database(service: str) -> AsyncIterator[Database]:
    """A service's database, for as long as the command lasts."""
    settings = settings_of(service)
    db = Database(settings.database_url, settings.network, 4)
    await db.open()
    try:
        yield db
    finally:
        await db.close()


@asynccontextmanager
async def bus_owner() -> AsyncIterator[Client]:
    """A connection to the bus as its owner."""
    settings = settings_of("owner")
    if settings.owner_nats_password:
        settings = settings.model_copy(
            update={"nats_user": settings.owner_nats_user, "nats_password": settings.owner_nats_password}
        )

    async def closed() -> None:
        return None

    try:
        client = await asyncio.wait_for(connect(settings, "owner", closed), 15)
    except TimeoutError:
        raise TimeoutError(f"NATS est arrêté, ou refuse l’utilisateur {settings.nats_user or 'owner'}") from None
    try:
        yield client
    finally:
        await client.close()


def as_json(value: object) -> str:
    """One line of JSON, as scripts read it."""
    return json.dumps(value, ensure_ascii=False, default=str)
