"""What people and the team ask of the mailing service."""

from services.mailing.forms.campaigns import (
    ApproveCampaign,
    CampaignsAsked,
    ChangeItem,
    DraftCampaign,
    Nothing,
    SendTest,
    WriteCampaign,
)
from services.mailing.forms.subscriptions import AskSubscription, ChooseLetters, RecordSubscriber

__all__ = [
    "ApproveCampaign",
    "AskSubscription",
    "CampaignsAsked",
    "ChangeItem",
    "ChooseLetters",
    "DraftCampaign",
    "Nothing",
    "RecordSubscriber",
    "SendTest",
    "WriteCampaign",
]
