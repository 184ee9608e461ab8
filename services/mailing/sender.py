"""The sender: a lane a domain, so that one that hangs holds up nobody else; service mails have lanes of their own."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Self
from uuid import UUID

import structlog

from services.mailing.commands import sending
from services.mailing.commands.queue import SERVICE_MAIL
from services.mailing.commands.sending import Outgoing
from services.mailing.domain import wait_after, wait_after_outage
from services.mailing.endings import Endings
from services.mailing.mails.addresses import deliverable
from services.mailing.mails.compose import Composer, Readers
from services.mailing.mails.dkim import Seal
from services.mailing.mails.keys import DkimSettings
from services.mailing.smtp import Connection, Connections, Outcome
from shared.clock import new_id
from shared.db import Database, Tx
from shared.errors import Unavailable
from shared.log import follow
from shared.service import Service

LANES = 24
ABREAST = 3
"""Connections of a lane of service mails: somebody waits for each. A lane of letters has one."""
LANES_WITH_STUCK = 96
STUCK_SECONDS = 3.0
"""A lane whose mail server takes longer over one mail leaves its place to another: many that hang hold up nobody."""
POLL_SECONDS = 0.25
BEAT_SECONDS = 2.0
DRAIN_SECONDS = 2.0
"""How long a stop waits for the answers of mail servers: everything stops within five seconds."""
GIVE_BACK_SECONDS = 0.8
FRESH_SECONDS = sending.DEAD_SECONDS - 2
"""A worker that has not been heard for so long touches nothing: another may have taken its letters over."""

SAID = {"accepted": "accepted", "refused": "refused", "later": "put off", "outage": "not taken"}
"""What the log says of an attempt."""

log = structlog.get_logger()


@dataclass(eq=False)
class Lane:
    """What a lane is given at a time: mails of one domain and urgency, and who may read them."""

    name: str
    letters: list[Outgoing]
    shares: list[deque[Outgoing]]
    """Those that were not tried yet, by connection: the mails of one person follow each other."""
    readers: Readers
    rest: timedelta | None = None
    """How long it must be left alone, once the mail server did not answer."""

    @classmethod
    def of(cls, name: str, letters: list[Outgoing], db: Database) -> Self:
        shares: list[deque[Outgoing]] = [deque() for _ in range(ABREAST if letters[0].priority == SERVICE_MAIL else 1)]
        for letter in letters:
            shares[hash(letter.recipient) % len(shares)].append(letter)
        return cls(name, letters, shares, Readers(db, letters))


class Sending:
    """One process's part in sending."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.worker = new_id()
        self.lanes: dict[str, asyncio.Task[None]] = {}
        self.trying_since: dict[UUID, tuple[str, float]] = {}
        """The lane of each mail that is being spoken of, and since when."""
        self.asleep: dict[str, tuple[float, int]] = {}
        """Domains left alone for a while: until when, after how many failures."""
        self.stopping = False
        self.heard_at = float("-inf")
        """When this worker last said that it lives, taken before the database was told."""
        self.composer = Composer(service.settings, service.signer, Seal.of(service.settings, DkimSettings()))
        self.connections = Connections(service.settings)
        self.in_hand: dict[str, Lane] = {}
        """Until a lane is done with all that it was given."""
        self.is_unsure = False
        """Whether a claim had no answer: the database may hold mails as ours that we do not know of."""
        self.endings = Endings(service.db, self.worker)
        self._more = asyncio.Event()
        """Set when a lane took all it may at a time, and there may be more for it."""
        self._pace = asyncio.Lock()

    async def run(self) -> None:
        """Send what is due until told to stop; then finish what is in flight and give the rest back."""
        try:
            while not self.service.closing.is_set():
                with suppress(Unavailable):  # what is in hand stays ours: given up, it would leave twice
                    if time.monotonic() - self.heard_at > BEAT_SECONDS:
                        await self.beat()
                    await self._open_lanes()
                await self.connections.close_idle()
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._more.wait()
                self._more.clear()
        finally:
            await self._drain()

    async def beat(self) -> None:
        """Say that this worker lives."""
        moment = time.monotonic()
        async with self.service.db.transaction() as tx:
            await sending.beat(tx, self.worker)
        self.heard_at = moment

    @property
    def is_heard(self) -> bool:
        """Whether what this worker holds is surely still its own."""
        return time.monotonic() - self.heard_at < FRESH_SECONDS

    async def _open_lanes(self) -> None:
        self.lanes = {name: task for name, task in self.lanes.items() if not task.done()}
        moment = time.monotonic()
        stuck = {lane for lane, since in self.trying_since.values() if moment - since > STUCK_SECONDS}
        room = min(LANES + len(stuck), LANES_WITH_STUCK)
        resting = [name for name, (until, _failures) in self.asleep.items() if until > moment]
        claimed = await self._claim([*self.lanes, *resting], max(0, room - len(self.lanes)))
        for name, letters in groupby(sorted(claimed, key=lambda one: one.lane), key=lambda one: one.lane):
            given = self.in_hand[name] = Lane.of(name, list(letters), self.service.db)
            self.lanes[name] = asyncio.create_task(self._lane(given), name=f"lane {name[0]}")

    async def _claim(self, busy: list[str], room: int) -> list[Outgoing]:
        held = [letter.id for lane in self.in_hand.values() for letter in lane.letters]
        try:
            async with self.service.db.reading() as tx:  # each statement is its own transaction
                if self.is_unsure:
                    await sending.unclaim(tx, self.worker, held)
                    self.is_unsure = False
                return await sending.claim(tx, self.worker, busy, room)
        except Unavailable:
            self.is_unsure = True
            raise

    async def _lane(self, lane: Lane) -> None:
        """Send all that the lane was given; what was not tried goes back."""
        try:
            shares = [self._share(lane, share) for share in lane.shares if share]
            for error in await asyncio.gather(*shares, return_exceptions=True):
                if isinstance(error, Exception):
                    log.error("lane failed", exc_info=error)
        finally:
            waiting = [letter.id for share in lane.shares for letter in share]
            if waiting:
                await self._surely(lambda tx: sending.give_back(tx, self.worker, waiting, lane.rest or timedelta(0)))
        del self.in_hand[lane.name]
        if not waiting and len(lane.letters) == sending.BATCH:
            del self.lanes[lane.name]
            self._more.set()

    async def _share(self, lane: Lane, share: deque[Outgoing]) -> None:
        """Send one after the other on one connection, until nothing waits or the lane must rest."""
        async with self.connections.one() as connection:
            while share and lane.rest is None and self.is_heard and not self.stopping:
                outcome = await self._send(lane, share.popleft(), connection)
                if outcome and outcome.kind == "outage":
                    lane.rest = lane.rest or self._rest(lane.name)
                elif outcome and lane.rest is None:
                    self.asleep.pop(lane.name, None)

    async def _send(self, lane: Lane, letter: Outgoing, connection: Connection) -> Outcome | None:
        """One letter, from its row to its end; None where nothing was tried."""
        follow(letter.correlation_id)
        try:
            made = await self.composer.compose(letter, lane.readers)
        except Unavailable:
            await self._surely(lambda tx: sending.give_back(tx, self.worker, [letter.id], timedelta(0)))
            return None
        except Exception as error:
            log.error("mail cannot be written", kind=letter.kind, exc_info=error)
            await self._surely(lambda tx: sending.settle_ended(tx, self.worker, letter, "failed", "unwritable"))
            return None
        if made.why_not:
            await self._surely(lambda tx: sending.settle_ended(tx, self.worker, letter, "skipped", made.why_not))
            return None
        await self._keep_pace()
        if not self.is_heard:
            await self._surely(lambda tx: sending.give_back(tx, self.worker, [letter.id], timedelta(0)))
            return None
        self.trying_since[letter.id] = lane.name, time.monotonic()
        try:
            outcome = await connection.send(deliverable(letter.recipient), made.message)
        finally:
            del self.trying_since[letter.id]
        log.info(f"mail {SAID[outcome.kind]}", kind=letter.kind, correlation_id=str(letter.correlation_id))
        if outcome.kind == "accepted":
            await self._persisted(lambda: self.endings.sent(letter, made.department))
        else:
            await self._surely(lambda tx: self._settle(letter, outcome, tx))
        return outcome

    async def _settle(self, letter: Outgoing, outcome: Outcome, tx: Tx) -> None:
        if outcome.kind == "refused":
            await sending.settle_ended(tx, self.worker, letter, "failed", outcome.reason)
            if outcome.no_such_mailbox:
                await sending.suppress(tx, letter)
        else:
            wait = wait_after(letter.attempts + 1)
            if outcome.kind == "outage" and letter.attempts < 3:
                wait = wait_after_outage(letter.attempts + 1)
            await sending.settle_later(tx, self.worker, letter, wait, outcome.reason, outcome.perhaps_left)

    async def _surely(self, work: Callable[[Tx], Awaitable[None]]) -> None:
        async def written() -> None:
            async with self.service.db.transaction() as tx:
                await work(tx)

        await self._persisted(written)

    async def _persisted(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write what happened, however long the database is away: the letter has left, and cannot be called back.

        Whoever stops does not wait for the database: another worker takes the letter over, flagged."""
        while True:
            try:
                await write()
                return
            except Unavailable:
                if self.stopping:
                    return
                await asyncio.sleep(0.5)

    async def _keep_pace(self) -> None:
        rate = self.service.settings.mail_rate
        if rate:
            async with self._pace:
                await asyncio.sleep(1 / rate)

    def _rest(self, name: str) -> timedelta:
        _until, failures = self.asleep.get(name, (0.0, 0))
        wait = wait_after_outage(failures + 1)
        self.asleep[name] = (time.monotonic() + wait.total_seconds(), failures + 1)
        log.warning("mail server does not answer", failures=failures + 1)
        return wait

    async def _drain(self) -> None:
        self.stopping = True
        self.connections.drop()
        if self.lanes:
            _done, open_still = await asyncio.wait(self.lanes.values(), timeout=DRAIN_SECONDS)
            for task in open_still:
                task.cancel()
            if open_still:
                await asyncio.wait(open_still, timeout=GIVE_BACK_SECONDS)
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(GIVE_BACK_SECONDS), self.service.db.transaction() as tx:
                await sending.leave(tx, self.worker)


async def send(service: Service) -> None:
    """The chore that never ends."""
    await Sending(service).run()
