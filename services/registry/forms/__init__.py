"""What may be asked of the registry: each model is the web form, the API body and the command at once."""

from services.registry.forms.listing import (
    AnswerRequest,
    AskInformation,
    OrganisationsAsked,
    PublishRequest,
    RefuseRequest,
    RequestListing,
)
from services.registry.forms.recording import (
    PageToRead,
    RecordGroup,
    RecordListing,
    RecordOrganisation,
    RecordWatchItem,
)
from services.registry.forms.taking_part import (
    AskErasure,
    AskLink,
    AskSignIn,
    ErasePerson,
    GiveAccess,
    JoinGroup,
    TakeAccess,
    WithdrawWatchItem,
)

__all__ = [
    "AnswerRequest",
    "AskErasure",
    "AskInformation",
    "AskLink",
    "AskSignIn",
    "ErasePerson",
    "GiveAccess",
    "JoinGroup",
    "OrganisationsAsked",
    "PageToRead",
    "PublishRequest",
    "RecordGroup",
    "RecordListing",
    "RecordOrganisation",
    "RecordWatchItem",
    "RefuseRequest",
    "RequestListing",
    "TakeAccess",
    "WithdrawWatchItem",
]
