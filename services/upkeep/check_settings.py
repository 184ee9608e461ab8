"""Settings that start, and yet would not serve people well."""

import re
from collections.abc import Iterator
from email.utils import parseaddr
from urllib.parse import urlsplit

from pydantic import ValidationError

from services import reach
from services.upkeep.findings import Finding, unknown, well, wrong
from services.upkeep.settings import UpkeepSettings
from shared.settings import DEFAULT_SECRET, Settings
from shared.web.admission import Rates

ABOUT = "settings"
RESERVED = (".example", ".invalid", ".test", ".localhost", "example.org", "example.com", "example.net")
SHORTEST_SECRET = 32
ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")


def settings_findings(settings: Settings, upkeep: UpkeepSettings) -> Iterator[Finding]:
    """What the environment says, one finding a subject."""
    yield from _secrets(settings)
    yield from _address(settings)
    yield from _mail(settings, upkeep)
    try:
        Rates()
    except ValidationError as error:
        yield wrong(ABOUT, reach.wrong_setting(error))
    if not settings.region_name:
        yield wrong(ABOUT, f"MAILLAGE_REGION n’est le code d’aucune région\u00a0: {settings.region}.")
    if upkeep.backups_folder is None:
        yield wrong(
            ABOUT, "Aucun dossier de sauvegarde n’est dit\u00a0: donnez MAILLAGE_BACKUPS (docs/operate.md, Backup)."
        )


def is_reserved(domain: str) -> bool:
    """Whether a domain stands for an example, and no mail can come from it."""
    return f".{domain}".endswith(RESERVED)


def sender_domain(settings: Settings) -> str:
    """The domain letters come from."""
    return parseaddr(settings.mail_from)[1].rpartition("@")[2].lower()


def _secrets(settings: Settings) -> Iterator[Finding]:
    for name, secret in (("MAILLAGE_SECRET", settings.secret), ("MAILLAGE_PEOPLE_SECRET", settings.people_secret)):
        if secret == DEFAULT_SECRET:
            yield wrong(
                ABOUT, f"{name} a la valeur que tout le monde connaît\u00a0: tirez-en une, openssl rand -hex 32."
            )
        elif len(secret) < SHORTEST_SECRET:
            yield wrong(ABOUT, f"{name} est court\u00a0: {SHORTEST_SECRET} caractères au moins, openssl rand -hex 32.")
    if settings.secret == settings.people_secret:
        yield wrong(ABOUT, "MAILLAGE_SECRET et MAILLAGE_PEOPLE_SECRET sont égaux\u00a0: il en faut deux.")
    if reach.is_apart() and not settings.production:
        yield wrong(ABOUT, "MAILLAGE_PRODUCTION n’est pas à true\u00a0: un secret oublié ne serait pas refusé.")


def _address(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.public_url)
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme != "https" and not local:
        yield wrong(
            ABOUT, f"MAILLAGE_PUBLIC_URL n’est pas en https\u00a0: {settings.public_url}. Voir deploy/Caddyfile."
        )
    elif local:
        yield unknown(
            ABOUT, f"Les liens des courriels mènent à {settings.public_url}, qui ne s’ouvre que sur cette machine."
        )
    else:
        yield well(ABOUT, f"Les liens des courriels mènent à {settings.public_url}.")


def _mail(settings: Settings, upkeep: UpkeepSettings) -> Iterator[Finding]:
    if upkeep.admin_email and not ADDRESS.fullmatch(upkeep.admin_email):
        yield wrong(
            ABOUT,
            f"MAILLAGE_ADMIN_EMAIL n’est pas une adresse\u00a0: {upkeep.admin_email}. Aucun avertissement n’arrivera.",
        )
    if settings.smtp_is_mailbox:
        yield unknown(
            ABOUT, "Les courriels sont capturés sur cette machine\u00a0: donnez MAILLAGE_SMTP_URL pour qu’ils partent."
        )
        return
    if not settings.smtp_url:
        yield wrong(ABOUT, "Aucun serveur de courrier n’est dit\u00a0: donnez MAILLAGE_SMTP_URL.")
    if is_reserved(sender_domain(settings)):
        yield wrong(ABOUT, f"MAILLAGE_MAIL_FROM est une adresse d’exemple\u00a0: {settings.mail_from}.")
    for name, address in (("MAILLAGE_TEAM_EMAIL", settings.team_email), ("MAILLAGE_ADMIN_EMAIL", upkeep.admin_email)):
        if address and is_reserved(address.rpartition("@")[2].lower()):
            yield wrong(ABOUT, f"{name} est une adresse d’exemple\u00a0: {address}.")
