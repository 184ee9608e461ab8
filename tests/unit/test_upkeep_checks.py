"""The check-up's own judgement: clocks, forecasts, what the DNS says of the sender's domain."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import dns.message
import dns.rrset
import pytest
from dns.asyncresolver import Resolver

from services.mailing.mails.dkim import Seal
from services.mailing.mails.keys import new_key
from services.upkeep.check_mail_dns import mail_dns_findings
from services.upkeep.check_servers import drift
from services.upkeep.check_settings import settings_findings
from services.upkeep.forecast import Growth, days_left, first_id_of
from services.upkeep.settings import UpkeepSettings
from shared.clock import new_id, now
from shared.settings import Settings

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DOMAIN = "sender.invalid"
Records = dict[tuple[str, str], str | list[str]]


def test_an_answer_that_took_long_is_no_drift() -> None:
    assert drift("NATS", NOON + timedelta(seconds=20), NOON, NOON + timedelta(seconds=30))[0].level == "well"
    assert drift("NATS", NOON - timedelta(minutes=10), NOON, NOON + timedelta(seconds=1))[0].level == "wrong"


def test_a_disk_is_full_when_growth_has_eaten_it() -> None:
    each = [Growth(1_000_000, 20_000, 50e6, 10**9)] * 2
    assert days_left(10**9, each) == 10
    assert days_left(10**9, [Growth(10, 1, 500, 9_000_000)]) is None


def test_an_id_of_this_moment_comes_after_the_first_of_its_second() -> None:
    moment = now().timestamp()
    assert first_id_of(moment - 1) < new_id() < first_id_of(moment + 60)


def test_settings_that_start_and_do_not_serve_are_said() -> None:
    settings = Settings(public_url="http://reseau.example", smtp_url="smtp://x")
    said = " ".join(one.sentence for one in settings_findings(settings, UpkeepSettings()) if one.level == "wrong")
    for word in ("MAILLAGE_SECRET", "https", "MAILLAGE_MAIL_FROM", "MAILLAGE_TEAM_EMAIL", "MAILLAGE_BACKUPS"):
        assert word in said


def test_warnings_that_would_reach_nobody_are_said_wherever_mail_goes() -> None:
    for where in ({"smtp_is_mailbox": True}, {"smtp_url": "smtp://x"}):
        for address, wrong in (("pas une adresse", True), ("equipe@reseau.example", False), ("", False)):
            found = settings_findings(Settings.model_validate(where), UpkeepSettings(admin_email=address))
            assert any("Aucun avertissement" in one.sentence for one in found) is wrong


async def test_what_the_dns_lacks_is_said_with_its_cure() -> None:
    records: Records = {(DOMAIN, "MX"): "10 mx.sender.invalid.", (DOMAIN, "TXT"): '"v=spf1 mx -all"'}
    async with resolving(records) as resolver:
        found = {one.sentence.split()[0]: one async for one in mail_dns_findings(DOMAIN, "lettres", None, resolver)}
    assert {name: one.level for name, one in found.items()} == {
        "MX": "well",
        "SPF": "well",
        "DMARC": "wrong",
        "DKIM": "wrong",
    }
    assert f"_dmarc.{DOMAIN}" in found["DMARC"].sentence


async def test_two_spf_records_are_one_too_many() -> None:
    async with resolving({(DOMAIN, "TXT"): ['"v=spf1 mx -all"', '"v=spf1 a -all"']}) as resolver:
        found = [one.sentence async for one in mail_dns_findings(DOMAIN, "", None, resolver) if one.level == "wrong"]
    assert any("2 enregistrements SPF" in one for one in found)


@pytest.mark.parametrize(
    ("published", "level"), [("own", "well"), ("other", "wrong"), ("none", "wrong"), ("off", "wrong")]
)
async def test_the_key_that_signs_is_compared_with_the_one_that_is_published(published: str, level: str) -> None:
    seal, other = (Seal(DOMAIN, "s2026", new_key("ed25519")) for _ in range(2))
    told = {"own": seal.record, "other": other.record, "off": "v=DKIM1; k=ed25519; p="}
    records: Records = {(seal.record_name, "TXT"): f'"{told[published]}"'} if published in told else {}
    async with resolving(records) as resolver:
        found = [one async for one in mail_dns_findings(DOMAIN, "s2026", seal, resolver) if "DKIM" in one.sentence]
    assert [one.level for one in found] == ["well" if published == "own" else "wrong"]
    assert published == "own" or "maillage mail dkim" in found[0].sentence


async def test_a_silent_resolver_makes_nothing_wrong() -> None:
    resolver = Resolver(configure=False)
    resolver.nameservers, resolver.port, resolver.lifetime = ["127.0.0.1"], 9, 0.5
    assert [one.level async for one in mail_dns_findings(DOMAIN, "", None, resolver)] == ["unknown"]


@asynccontextmanager
async def resolving(records: Records) -> AsyncIterator[Resolver]:
    """A name server of our own on loopback, and a resolver that asks it alone."""

    class Answering(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, asked: bytes, who: tuple[str, int]) -> None:
            query = dns.message.from_wire(asked)
            answer = dns.message.make_response(query)
            question = query.question[0]
            kind = dns.rdatatype.to_text(question.rdtype)
            if found := records.get((question.name.to_text(omit_final_dot=True), kind)):
                values = [found] if isinstance(found, str) else found
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *values))
            self.transport.sendto(answer.to_wire(), who)

    loop = asyncio.get_running_loop()
    transport, _protocol = await loop.create_datagram_endpoint(Answering, local_addr=("127.0.0.1", 0))
    resolver = Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], transport.get_extra_info("sockname")[1]
    try:
        yield resolver
    finally:
        transport.close()
