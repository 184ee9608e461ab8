"""One letter to many readers, as the team sends it, and what became of each, held against the mail server."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.clock import new_id
from tests.conftest import eventually
from tests.e2e.apart import Apart
from tests.faults.mail_server import MailServer

API = "/api/mailing/v1/campaigns"
OPEN = ("queued", "sending")
DOMAINS = 8
"""A lane each: at most one mail of each is in flight when its sender dies."""


def readers_of(name: str, many: int, domain: str) -> list[str]:
    """So many addresses, spread over the domains."""
    return [f"{name}.{number:05}@{domain}{number % DOMAINS}.example" for number in range(many)]


@dataclass
class Campaign:
    """A letter that leaves, and the addresses of its readers."""

    town: Apart
    id: UUID
    readers: tuple[str, ...]

    @classmethod
    async def approved(cls, town: Apart, subject: str, readers: Iterable[str]) -> "Campaign":
        """These readers and nobody else, a letter for them, drafted and approved by the API."""
        addresses = tuple(readers)
        topic = f"group:{new_id().hex[-12:]}"
        await town.rows(
            "mailing",
            """INSERT INTO subscriber (id, person_key, email, status, topics, proof_words, confirmed_at)
               SELECT gen_random_uuid(), 'v1.' || md5(address), address, 'subscribed', ARRAY[$2], 'Essai.', now()
               FROM unnest($1::text[]) address""",
            list(addresses),
            topic,
        )
        words = {"kind": "targeted", "subject": subject, "text": "Une nouvelle du réseau.", "topic": topic}
        draft = await town.staff.post(API, json=words)
        assert draft.status_code == 201, draft.text
        made = cls(town, UUID(draft.json()["id"]), addresses)
        answer = await town.staff.post(f"{API}/{made.id}/approval", json={})
        assert answer.status_code == 200, answer.text
        assert answer.json()["recipients"] == len(addresses)
        return made

    async def shown(self) -> dict[str, Any]:
        """The letter as the team sees it."""
        answer = await self.town.staff.get(f"{API}/{self.id}")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def rows(self, domain: str = "") -> list[Any]:
        """The letters as the database holds them, of one domain or all."""
        return await self.town.rows(
            "mailing",
            """SELECT *, extract(epoch FROM next_at - now())::float AS wait FROM outgoing
               WHERE campaign_id = $1 AND $2 IN ('', domain) ORDER BY recipient""",
            self.id,
            domain,
        )

    async def finished(self, seconds: float) -> dict[str, Any]:
        """The letter once it is finished."""

        async def look() -> dict[str, Any] | None:
            found = await self.shown()
            return found if found["status"] == "sent" else None

        return await eventually(look, seconds)

    def skipped(self, server: MailServer) -> list[str]:
        """Readers who got nothing."""
        got = server.received()
        return [reader for reader in self.readers if not got[reader]]

    async def received_twice(self, server: MailServer) -> list[str]:
        """Readers who got it more than once; AssertionError where such a mail was not flagged, or changed its id."""
        got = server.received()
        twice = [reader for reader in self.readers if got[reader] > 1]
        flagged = {row["recipient"] for row in await self.rows() if row["perhaps_twice"]}
        assert set(twice) <= flagged, f"not flagged: {sorted(set(twice) - flagged)[:5]}"
        ids: dict[str, set[str]] = {}
        for reader, message_id in server.kept:
            ids.setdefault(reader, set()).add(message_id)
        assert all(len(ids[reader]) == 1 for reader in twice), "a mail tried again keeps its Message-ID"
        return twice

    async def forget(self) -> None:
        """Its readers leave, so that no later letter of another test finds them."""
        await self.town.rows("mailing", "DELETE FROM subscriber WHERE email = ANY($1)", list(self.readers))
