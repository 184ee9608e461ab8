"""The whole check-up, in the order in which things stand on each other."""

from collections.abc import AsyncIterator
from itertools import chain

from dns.asyncresolver import Resolver
from dns.exception import DNSException

from services import reach
from services.mailing.mails.dkim import Seal
from services.mailing.mails.keys import BadKey, DkimSettings
from services.upkeep.check_machine import backup_findings, disk_findings
from services.upkeep.check_mail_dns import ABOUT, mail_dns_findings
from services.upkeep.check_servers import bus_findings, database_findings, mail_server_findings, service_findings
from services.upkeep.check_settings import is_reserved, sender_domain, settings_findings
from services.upkeep.findings import Finding, unknown, wrong
from services.upkeep.forecast import Growth
from services.upkeep.settings import UpkeepSettings
from shared.settings import Settings


async def examined(upkeep: UpkeepSettings) -> AsyncIterator[Finding]:
    """Everything `maillage doctor` looks at."""
    settings = reach.settings_of("registry")
    for finding in settings_findings(settings, upkeep):
        yield finding
    async for finding in watched(upkeep):
        yield finding
    if settings.smtp_url:
        async for finding in mail_server_findings(settings):
            yield finding
    async for finding in _mail_dns(settings, DkimSettings()):
        yield finding


async def watched(upkeep: UpkeepSettings) -> AsyncIterator[Finding]:
    """What can go wrong by itself, and is looked at every few minutes."""
    settings = reach.settings_of("registry")
    growths: list[Growth] = []
    async for finding in database_findings(growths):
        yield finding
    async for finding in bus_findings():
        yield finding
    async for finding in service_findings(settings):
        yield finding
    for finding in chain(disk_findings(settings, upkeep, growths), backup_findings(upkeep)):
        yield finding


async def _mail_dns(settings: Settings, dkim: DkimSettings) -> AsyncIterator[Finding]:
    domain = sender_domain(settings)
    if settings.smtp_is_mailbox or is_reserved(domain):
        return
    try:
        resolver = Resolver()
    except (DNSException, OSError):
        yield unknown(ABOUT, "Cette machine n’a pas de résolveur DNS\u00a0: SPF, DKIM et DMARC ne sont pas regardés.")
        return
    try:
        seal = Seal.of(settings, dkim)
    except BadKey as error:
        yield wrong(ABOUT, str(error))
        seal = None
    async for finding in mail_dns_findings(domain, dkim.dkim_selector, seal, resolver):
        yield finding
