"""From a row of the queue to the mail it stands for, or the reason why it must not leave any more."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.mailing.commands.leaving import LETTER_MAIL, TEST_MAIL
from services.mailing.commands.sending import Outgoing
from services.mailing.commands.subscriptions import ALREADY, CONFIRM
from services.mailing.letters.issue import Issue, current_issue, frozen_issue
from services.mailing.letters.writing import letter_mail, trial_mail
from services.mailing.links import Links
from services.mailing.mails import gatherings, registry, subscriptions
from services.mailing.mails.pieces import Mail
from services.mailing.queries.subscribers import known_groups, may_receive
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
from shared.db import Tx
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


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail that may leave; or none, and why."""

    mail: Mail | None
    why_not: str = ""
    department: str | None = None


class Composer:
    """Writes mails; a letter's content is read once a campaign."""

    def __init__(self, settings: Settings, signer: Signer) -> None:
        self.settings = settings
        self.links = Links(settings, signer)
        self._issues: dict[UUID, Issue] = {}

    async def compose(self, letter: Outgoing, tx: Tx) -> Composed:
        """The mail of one row, in its reader's language."""
        spoken = language.set(letter.lang)
        try:
            if letter.kind == LETTER_MAIL:
                return await self._letter(letter, tx)
            if letter.is_overtaken:
                return Composed(None, "overtaken")
            return Composed(await self._service_mail(letter, tx))
        finally:
            language.reset(spoken)

    async def _service_mail(self, letter: Outgoing, tx: Tx) -> Mail:
        if letter.kind == CONFIRM:
            said = topics_said(letter.words["topics"], dict(await known_groups(tx)))
            url = self.links.confirmation(UUID(letter.words["request_id"]), letter.lang)
            return subscriptions.confirm_subscription(said, url)
        if letter.kind == ALREADY:
            return subscriptions.known_subscriber(
                self.links.preferences(UUID(letter.words["subscriber_id"]), letter.lang)
            )
        if letter.kind == TEST_MAIL:
            issue = await current_issue(tx, UUID(letter.words["campaign_id"]), self.settings.smtp_is_mailbox)
            return trial_mail(issue, self.links)
        return MAILS[letter.kind](parse(letter.kind, json.dumps(letter.words)))

    async def _letter(self, letter: Outgoing, tx: Tx) -> Composed:
        assert letter.campaign_id and letter.subscriber_id
        if letter.campaign_id not in self._issues:
            if len(self._issues) > 8:
                self._issues.clear()
            self._issues[letter.campaign_id] = await frozen_issue(tx, letter.campaign_id)
        issue = self._issues[letter.campaign_id]
        reader = await may_receive(tx, letter.subscriber_id)
        if reader is None or issue.topic not in reader.topics:
            return Composed(None, "left")
        if reader.demonstration and not self.settings.smtp_is_mailbox:
            return Composed(None, "demonstration")
        return Composed(letter_mail(issue, reader, self.links), department=reader.department)
