"""What mailing says: subscriptions by random id, campaigns, letters accepted."""

from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.base import Fact
from shared.contracts.erasure import AbstractPersonErased


class AbstractSubscription(Fact):
    """A subscriber's public state, by mailing's own random id."""

    service: ClassVar[str] = "mailing"

    subscriber_id: UUID
    version: int
    status: Literal["subscribed", "unsubscribed"]
    topics: list[str] = []
    department: str | None = None


class SubscriptionConfirmed(AbstractSubscription):
    """Somebody confirmed a subscription (double opt-in) or took it up again."""


class SubscriptionChanged(AbstractSubscription):
    """A subscriber changed topics or department."""


class SubscriptionEnded(AbstractSubscription):
    """A subscriber left every letter."""


class AbstractCampaign(Fact):
    """One sending: the newsletter or a targeted letter."""

    service: ClassVar[str] = "mailing"

    campaign_id: UUID
    version: int
    kind: Literal["newsletter", "targeted"]
    subject_line: str
    recipients: int
    """Letters to send, one a reader."""


class CampaignApproved(AbstractCampaign):
    """Staff approved a campaign; it leaves at its hour."""


class CampaignFinished(AbstractCampaign):
    """No letter of the campaign is open any more."""

    accepted: int


class LetterAccepted(Fact):
    """A mail server accepted one letter of a campaign."""

    service: ClassVar[str] = "mailing"

    letter_id: UUID
    campaign_id: UUID
    department: str | None = None


class MailingDemonstrationRemoved(Fact):
    """The fictional subscribers were taken away: facts marked `demonstration` recorded until now uncount."""

    service: ClassVar[str] = "mailing"


class MailingPersonErased(AbstractPersonErased):
    """The mailing service holds nothing of an erased person any more."""

    service: ClassVar[str] = "mailing"
