"""The sender killed, then stopped in order, again and again in the middle of a campaign."""

import random
import time
from collections.abc import AsyncIterator

import pytest

from tests.conftest import eventually
from tests.e2e.apart import Apart
from tests.faults.campaign import DOMAINS, Campaign, readers_of
from tests.faults.mail_server import MailServer, mails_go_to
from tests.faults.report import Account
from tests.faults.states import settled


@pytest.fixture(scope="module")
async def server(town: Apart) -> AsyncIterator[MailServer]:
    """A mail server that takes its time, so that letters are in flight at any moment."""
    server = MailServer(answers_after=0.02)
    async with mails_go_to(town, server):
        yield server


async def test_fault_12_a_killed_sender_skips_nobody_and_flags_what_it_may_double(
    town: Apart, server: MailServer, account: Account, chance: random.Random, long: bool
) -> None:
    many, kills = 50_000 if long else 2_000, 5
    before = len(server.kept)
    campaign = await Campaign.approved(town, "La lettre interrompue", readers_of("lea", many, "boite"))
    began = time.monotonic()
    for kill in range(kills):
        await _after(server, before, int(many * (kill + chance.uniform(0.2, 0.8)) / (kills + 1)))
        await town.services["mailing"].kill()
        await town.services["mailing"].start()
        await town.services["mailing"].until_ready()
    done = await campaign.finished(60 + many / 10)
    twice = await campaign.received_twice(server)
    assert not campaign.skipped(server)
    assert done["accepted"] == many
    assert len(twice) <= DOMAINS * kills
    account.did(f"kill -9 of the sender {kills} times, at random, in a letter to {many} readers of {DOMAINS} domains.")
    account.figure("readers skipped", 0)
    account.figure("received twice", f"{len(twice)}, each flagged (bound: {DOMAINS} in flight a kill)")
    account.figure("from approval to the end (s)", round(time.monotonic() - began, 1))
    account.limit(
        "a mail whose sender dies between the server's yes and the row's may arrive twice: at most one a lane and a "
        "death, flagged `perhaps_twice`, with the same Message-ID. What the dead held waits ten seconds."
    )
    await campaign.forget()
    await settled(town)


async def test_fault_12_a_sender_that_is_told_to_stop_doubles_nothing(
    town: Apart, server: MailServer, account: Account, chance: random.Random, long: bool
) -> None:
    many, stops = (2_000, 5) if long else (200, 1)
    before = len(server.kept)
    campaign = await Campaign.approved(town, "La lettre reprise", readers_of("bao", many, "boite"))
    for stop in range(stops):
        await _after(server, before, int(many * (stop + chance.uniform(0.2, 0.8)) / (stops + 1)))
        await town.services["mailing"].stop()
        await town.services["mailing"].start()
        await town.services["mailing"].until_ready()
    await campaign.finished(60 + many / 10)
    assert not campaign.skipped(server)
    assert not await campaign.received_twice(server)
    assert not any(row["perhaps_twice"] for row in await campaign.rows()), "nothing is even in doubt"
    account.did(f"SIGTERM {stops} times in a letter to {many} readers.")
    account.figure("skipped, received twice, in doubt on SIGTERM", "0, 0, 0")
    await campaign.forget()
    await settled(town)


async def test_fault_12_control_a_mark_written_before_the_letter_left_is_seen(
    town: Apart, server: MailServer, account: Account
) -> None:
    """The guard: a row is sent once the server said yes. Marked when it is claimed, what the dead held is skipped."""
    before = len(server.kept)
    campaign = await Campaign.approved(town, "La lettre cochée d’avance", readers_of("zoe", 100, "boite"))
    await _after(server, before, 10)
    await town.services["mailing"].kill()
    marked = await town.rows(
        "mailing",
        "UPDATE outgoing SET state = 'sent' WHERE campaign_id = $1 AND state = 'sending' RETURNING recipient",
        campaign.id,
    )
    await town.services["mailing"].start()
    await town.services["mailing"].until_ready()
    await campaign.finished(60)
    skipped = campaign.skipped(server)
    assert skipped and set(skipped) <= {row["recipient"] for row in marked}, "the judge must see who was skipped"
    account.control(f"rows marked as sent when they were claimed: {len(skipped)} readers got nothing, and it was seen.")
    await campaign.forget()


async def _after(server: MailServer, before: int, letters: int) -> None:
    """So many letters have arrived since there were `before`, and others are leaving."""

    async def arrived() -> bool:
        return len(server.kept) - before >= letters

    await eventually(arrived, 60 + letters / 10)
