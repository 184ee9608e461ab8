"""From a row of the queue to the mail it stands for, or the reason why it must not leave any more."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from services.mailing.commands.leaving import LETTER_MAIL, TEST_MAIL
from services.mailing.commands.sending import Outgoing
from services.mailing.commands.subscriptions import ALREADY, CONFIRM
from services.mailing.letters.issue import Issue, current_issue, frozen_issue
from services.mailing.letters.writing import letter_mail, trial_mail
from services.mailing.links import Links, OwnLinks
from services.mailing.mails import gatherings, registry, subscriptions
from services.mailing.mails.dkim import Seal
from services.mailing.mails.message import Draft, Posting, message_of
from services.mailing.mails.pieces import Mail
from services.mailing.queries.subscribers import Subscriber, known_groups, may_receive
from services.mailing.wording import topics_said
from shared.contracts import parse
from shared.contracts.events import RegistrantLeft, RegistrantNamed, RegistrantPromoted, RegistrantToldOfChange
from shared.contracts.registry import (
    ErasureLinkAsked,
    ErasureReceiptIssued,
    GroupJoinAsked,
    GroupMemberNamed,
    ListingContactNamed,
    ListingDecisionTold,
    SignInLinkAsked,
)
from shared.db import Database
from shared.settings import Settings
from shared.web.i18n import language
from shared.web.session import Signer

MAILS: dict[str, Callable[[Any], Mail]] = {
    RegistrantNamed.contract(): gatherings.registrant_named,
    RegistrantPromoted.contract(): gatherings.registrant_promoted,
    RegistrantLeft.contract(): gatherings.registrant_left,
    RegistrantToldOfChange.contract(): gatherings.registrant_told_of_change,
    ListingContactNamed.contract(): registry.listing_contact_named,
    ListingDecisionTold.contract(): registry.listing_decision_told,
    SignInLinkAsked.contract(): registry.sign_in_link_asked,
    GroupJoinAsked.contract(): registry.group_join_asked,
    GroupMemberNamed.contract(): registry.group_member_named,
    ErasureLinkAsked.contract(): registry.erasure_link_asked,
    ErasureReceiptIssued.contract(): registry.erasure_receipt_issued,
}


READERS_SECONDS = 0.5
"""What is known of the readers of a batch is asked again after so long: whoever leaves gets no more letters."""
DRAFTS = 200


@dataclass(frozen=True, slots=True)
class Composed:
    """A message that may leave; or none, and why."""

    message: bytes
    why_not: str = ""
    department: str | None = None


class Readers:
    """Who of a batch may still receive letters, as it was a moment ago."""

    def __init__(self, db: Database, letters: list[Outgoing]) -> None:
        self.db = db
        self._asked = [one.subscriber_id for one in letters if one.subscriber_id]
        self._found: dict[UUID, Subscriber] = {}
        self._read_at = float("-inf")

    async def who(self, subscriber_id: UUID) -> Subscriber | None:
        """The reader, None for whoever may not receive letters."""
        if time.monotonic() - self._read_at > READERS_SECONDS:
            moment = time.monotonic()
            async with self.db.reading() as tx:
                self._found = await may_receive(tx, self._asked)
            self._read_at = moment
        return self._found.get(subscriber_id)


class Composer:
    """Writes mails; a letter's content is read once a campaign, and written once for those who read the same."""

    def __init__(self, settings: Settings, signer: Signer, seal: Seal | None) -> None:
        self.settings = settings
        self.links = Links(settings, signer)
        self.seal = seal
        self._marks = OwnLinks(f"leaving-{uuid4().hex}", f"preferences-{uuid4().hex}")
        """What no letter holds, where each reader's own addresses will stand."""
        self._issues: dict[UUID, Issue] = {}
        self._drafts: dict[tuple[UUID, str, str | None], Draft] = {}

    async def compose(self, letter: Outgoing, readers: Readers) -> Composed:
        """The message of one row, in its reader's language. Raises ValueError for an address that no mail can hold."""
        spoken = language.set(letter.lang)
        try:
            if letter.kind == LETTER_MAIL:
                return await self._letter(letter, readers)
            if letter.is_overtaken:
                return Composed(b"", "overtaken")
            mail = await self._service_mail(letter, readers.db)
            return Composed(message_of(mail, _posting(letter), self.settings, self.seal))
        finally:
            language.reset(spoken)

    async def _service_mail(self, letter: Outgoing, db: Database) -> Mail:
        if letter.kind == CONFIRM:
            async with db.reading() as tx:
                said = topics_said(letter.words["topics"], dict(await known_groups(tx)))
            url = self.links.confirmation(UUID(letter.words["request_id"]), letter.lang)
            return subscriptions.confirm_subscription(said, url)
        if letter.kind == ALREADY:
            return subscriptions.known_subscriber(
                self.links.preferences(UUID(letter.words["subscriber_id"]), letter.lang)
            )
        if letter.kind == TEST_MAIL:
            async with db.reading() as tx:
                issue = await current_issue(tx, UUID(letter.words["campaign_id"]), self.settings.smtp_is_mailbox)
            return trial_mail(issue, self.links)
        return MAILS[letter.kind](parse(letter.kind, json.dumps(letter.words)))

    async def _letter(self, letter: Outgoing, readers: Readers) -> Composed:
        assert letter.campaign_id and letter.subscriber_id
        issue = await self._issue(letter.campaign_id, readers.db)
        reader = await readers.who(letter.subscriber_id)
        if reader is None or issue.topic not in reader.topics:
            return Composed(b"", "left")
        if reader.demonstration and not self.settings.smtp_is_mailbox:
            return Composed(b"", "demonstration")
        links = self.links.own(reader.id, reader.lang)
        own = {self._marks.leaving: links.leaving, self._marks.preferences: links.preferences}
        draft = self._draft(issue, reader.department, letter.lang)
        return Composed(draft.posted(_posting(letter), self.settings, own, self.seal), department=reader.department)

    async def _issue(self, campaign_id: UUID, db: Database) -> Issue:
        if campaign_id not in self._issues:
            if len(self._issues) > 8:
                self._issues.clear()
            async with db.reading() as tx:
                self._issues[campaign_id] = await frozen_issue(tx, campaign_id)
        return self._issues[campaign_id]

    def _draft(self, issue: Issue, department: str | None, lang: str) -> Draft:
        """What readers of one language get who have the same « près de chez vous »."""
        place = department if issue.near(department) else None
        key = issue.campaign_id, lang, place
        if key not in self._drafts:
            if len(self._drafts) >= DRAFTS:
                self._drafts.clear()
            mail = letter_mail(issue, place, self._marks, self.links)
            self._drafts[key] = Draft.of(mail, self.settings, (self._marks.leaving, self._marks.preferences))
        return self._drafts[key]


def _posting(letter: Outgoing) -> Posting:
    return Posting(letter.id, letter.recipient, letter.correlation_id)
