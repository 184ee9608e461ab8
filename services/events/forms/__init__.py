"""What may be asked of this service: each model is the web form, the API body and the command at once."""

from services.events.forms.gathering import (
    CancelGathering,
    CreateGathering,
    DeclareCount,
    GatheringsAsked,
    Nothing,
    ProgrammeItemAsked,
    RelocateGathering,
    SessionAsked,
)
from services.events.forms.recording import RecordGathering, RecordProgramme, RecordProgrammeItem
from services.events.forms.registration import RegisterPerson

__all__ = [
    "CancelGathering",
    "CreateGathering",
    "DeclareCount",
    "GatheringsAsked",
    "Nothing",
    "ProgrammeItemAsked",
    "RecordGathering",
    "RecordProgramme",
    "RecordProgrammeItem",
    "RegisterPerson",
    "RelocateGathering",
    "SessionAsked",
]
