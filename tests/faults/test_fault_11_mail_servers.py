"""Mail servers that refuse, greylist, hang, drop in DATA and close, in one campaign."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.mailing.domain import LONGEST_WAIT, PATIENCE
from services.mailing.sender import LANES
from services.mailing.smtp import Connection
from shared.clock import new_id
from shared.settings import Settings
from tests.conftest import eventually
from tests.e2e.apart import Apart
from tests.faults.campaign import OPEN, Campaign, readers_of
from tests.faults.ledger import Ledger
from tests.faults.mail_server import CLOSES, DROPS, HANGS, SWALLOWS, MailServer, mails_go_to
from tests.faults.report import Account

HANGING = 30
"""More hanging domains than the sender has ordinary lanes."""
MANNERS = {
    "refuse.example": "550 5.1.1 no such user",
    "plein.example": "552 5.2.2 mailbox full",
    "gris.example": "451 4.7.1 greylisted, come back",
    "jamais.example": "450 4.2.1 not today",
    "coupe.example": DROPS,
    "ferme.example": CLOSES,
    "avale.example": SWALLOWS,
} | {f"muet{number:02}.example": HANGS for number in range(HANGING)}
GONE = ("refuse.example", "plein.example", "jamais.example")
OTHERS_SECONDS = 15
"""Far under the forty seconds that a hanging server is waited for."""


@pytest.fixture(scope="module")
async def server(town: Apart) -> AsyncIterator[MailServer]:
    """The mail server of these tests, polite until told otherwise."""
    server = MailServer()
    async with mails_go_to(town, server):
        yield server


async def test_fault_11_each_domain_has_its_own_luck_and_no_letter_is_forgotten(
    town: Apart, server: MailServer, account: Account, long: bool
) -> None:
    many = 300 if long else 60
    server.manners = dict(MANNERS)
    rude = [f"{name}@{domain}" for domain in MANNERS for name in ("awa", "bao")]
    campaign = await Campaign.approved(town, "Une lettre pour des serveurs difficiles", rude)
    await eventually(lambda: _all_lanes_hang(server), 30)
    account.figure(
        f"{many} letters and a service mail to polite domains meanwhile (s)", await _others(town, server, many)
    )
    await _tried_once(campaign)
    assert (await campaign.shown())["status"] == "sending", "a campaign is not finished while a row is open"
    await _refused_for_good(campaign, server)
    waits = await _greylisted_with_patience(campaign, 13 if long else 4)
    await _given_up_after_two_days(campaign)
    server.forgive()
    began = time.monotonic()
    await _hurry(campaign)
    done = await campaign.finished(90)
    account.figure("finished after the servers were polite again (s)", _since(began))
    twice = await campaign.received_twice(server)
    gone = {reader for reader in rude if reader.partition("@")[2] in GONE}
    assert set(campaign.skipped(server)) == gone
    assert {reader.partition("@")[2] for reader in twice} <= {"avale.example"}, twice
    assert done["accepted"] == len(campaign.readers) - len(gone)
    await campaign.forget()
    _tell(account, campaign, waits, twice)


async def _all_lanes_hang(server: MailServer) -> bool:
    return server.hanging >= LANES


async def _others(town: Apart, server: MailServer, many: int) -> float:
    """Seconds for another letter, and for a service mail, to polite domains."""
    began = time.monotonic()
    polite = await Campaign.approved(town, "Une lettre polie", readers_of("lea", many, "poli"))
    ledger = await Ledger.opened(town, "Réunion pendant la lettre")
    await ledger.register("Zoe Lacoste")
    await polite.finished(OTHERS_SECONDS + many / 20)
    took = _since(began)
    assert not polite.skipped(server) and not await polite.received_twice(server)

    async def mailed() -> bool:
        return server.received()[f"zoe.lacoste@{ledger.domain}"] == 1

    await eventually(mailed, OTHERS_SECONDS)
    await polite.forget()
    return took


def _tell(account: Account, campaign: Campaign, waits: list[float], twice: list[str]) -> None:
    account.did(
        f"a letter to {len(campaign.readers)} readers of {len(MANNERS)} domains: one that refuses (550), "
        "one full (552), two that greylist (45x), one that closes in DATA, one that closes at RCPT, one that "
        f"keeps the message and closes without a word, {HANGING} that hang for ever."
    )
    account.figure("refused for good (5xx): attempts, letters marked as failed", "1 each, 4 of 4")
    account.figure("greylisted: waits between attempts (s)", ", ".join(f"{wait:.0f}" for wait in waits))
    account.figure("given up after 48 h of 4xx, with its reason", "2 of 2")
    account.figure("readers skipped", 0)
    account.figure("received twice", f"{len(twice)}, each flagged, each with the same Message-ID")
    account.limit(
        "a server that keeps a message and closes without a word gets it again: SMTP has no way to ask. The row says "
        "so (`perhaps_twice`), and the Message-ID is the same. The waits are read from the rows, then cut short."
    )


async def _tried_once(campaign: Campaign) -> None:
    """Every domain that does not hang has been tried."""

    async def tried() -> bool:
        rows = [row for row in await campaign.rows() if not row["domain"].startswith("muet")]
        domains = {row["domain"] for row in rows if row["attempts"] or row["state"] not in OPEN}
        return domains == {row["domain"] for row in rows}

    await eventually(tried, 30)


async def _refused_for_good(campaign: Campaign, server: MailServer) -> None:
    for domain, reason in (("refuse.example", "550 5.1.1"), ("plein.example", "552 5.2.2")):
        rows = await campaign.rows(domain)
        assert [(row["state"], row["reason"]) for row in rows] == [("failed", reason)] * 2
        assert all(len(server.asked[f"{name}@{domain}"]) == 1 for name in ("awa", "bao")), "5xx: no retry"
    suppressed = await campaign.town.rows(
        "mailing",
        "SELECT 1 FROM suppression WHERE person_key = ANY($1)",
        [row["person_key"] for row in await campaign.rows("refuse.example")],
    )
    assert len(suppressed) == 2, "a mailbox that does not exist gets no letter any more"


async def _greylisted_with_patience(campaign: Campaign, times: int) -> list[float]:
    """Each attempt is brought forward; the wait that follows it, as the row says it."""
    waits: list[float] = []
    for _ in range(times):
        before = (await campaign.rows("gris.example"))[0]["attempts"]
        await _hurry(campaign, "gris.example")

        async def tried(before: int = before) -> float | None:
            row = (await campaign.rows("gris.example"))[0]
            return float(row["wait"]) if row["state"] == "queued" and row["attempts"] > before else None

        waits.append(await eventually(tried, 20))
    assert all(later > 2 * sooner for sooner, later in itertools.pairwise(waits) if later < 14_000), waits
    assert max(waits) <= LONGEST_WAIT.total_seconds()
    return waits


async def _given_up_after_two_days(campaign: Campaign) -> None:
    await campaign.town.rows(
        "mailing",
        """UPDATE outgoing SET created_at = now() - $2::interval, next_at = now()
           WHERE campaign_id = $1 AND domain = 'jamais.example' AND state = 'queued'""",
        campaign.id,
        PATIENCE + timedelta(minutes=1),
    )

    async def given_up() -> bool:
        rows = await campaign.rows("jamais.example")
        return [(row["state"], row["reason"]) for row in rows] == [("failed", "450 4.2.1")] * 2

    await eventually(given_up, 20)


async def _hurry(campaign: Campaign, domain: str = "") -> None:
    """What waits in the queue is due now."""
    await campaign.town.rows(
        "mailing",
        "UPDATE outgoing SET next_at = now() WHERE campaign_id = $1 AND state = 'queued' AND $2 IN ('', domain)",
        campaign.id,
        domain,
    )


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)


async def test_fault_11_control_one_lane_for_all_is_held_up(server: MailServer, account: Account) -> None:
    """The guard is a lane a domain: by one connection after the other, a domain that hangs holds up the next one."""
    server.manners = {"muet.example": HANGS}
    polite = "lea@poli.example"
    connection = Connection(Settings(smtp_url=server.address), timeout=2)
    before = server.received()[polite]

    async def one_lane() -> None:
        for reader in ("awa@muet.example", polite):
            await connection.send(reader, f"Message-ID: <{new_id()}@a.example>\r\n\r\nBonjour\r\n".encode())

    sending = asyncio.create_task(one_lane())
    await asyncio.sleep(1.5)
    assert server.received()[polite] == before, "held up, and the judge sees it"
    await sending
    account.control("with one lane for all, a polite domain waited as long as the one that hangs: it was seen.")
