"""A story told in order: what each service said, who handled it, the mails it led to, the figures it moved."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.observatory.indicators import INDICATORS
from shared.web.console.stories import LONGEST
from shared.web.format import number, unknown
from shared.web.i18n import _

Answers = Mapping[str, Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of a story: `kind` is the word of its state (ok, wait, danger or none)."""

    at: datetime
    rank: int
    what: str
    about: str
    note: str = ""
    kind: str = ""
    url: str | None = None
    after_seconds: float = 0.0


@dataclass
class Telling:
    """What the four services say of one story, put together."""

    story: UUID
    told: Answers
    facts: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    _found: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.silent |= {service for service, answer in self.told.items() if answer is None}
        said = [
            fact | {"service": name} for name, answer in self.told.items() for fact in (answer or {}).get("said", ())
        ]
        for fact in sorted(said, key=lambda one: (one["recorded_at"], one["event_id"]))[:LONGEST]:
            self.facts[UUID(fact["event_id"])] = fact
        start = min((fact["recorded_at"] for fact in self.facts.values()), default="")
        for fact in self.facts.values():
            self._found.append(self._said(fact, first=fact["recorded_at"] == start and not fact["causation_id"]))
        for service, answer in self.told.items():
            for letter in (answer or {}).get("stuck", ()):
                self._found.append(_stuck(service, letter))

    @property
    def steps(self) -> list[Step]:
        """Everything, in the order in which it happened."""
        found = sorted(self._found, key=lambda step: (step.at, step.rank))
        if not found:
            return []
        start = found[0].at
        return [
            Step(one.at, one.rank, one.what, one.about, one.note, one.kind, one.url, (one.at - start).total_seconds())
            for one in found
        ]

    @property
    def cut_short(self) -> bool:
        """Whether the story has more facts than are shown."""
        return len(self.facts) >= LONGEST

    def heard(self, answers: Answers) -> None:
        """Who handled the facts, and when."""
        for service, answer in answers.items():
            if answer is None:
                self.silent.add(service)
            for one in (answer or {}).get("items", ()):
                fact = self.facts[UUID(one["event_id"])]
                at = datetime.fromisoformat(one["received_at"])
                what = _("Traité par %(service)s", service=name_of(service))
                self._found.append(Step(at, 2, what, fact["contract"], one["consumer"], "ok"))

    def mailed(self, answer: Mapping[str, Any]) -> None:
        """The mails of the story, and how each ended."""
        states = {
            "queued": (_("en attente"), "wait"),
            "sending": (_("en cours d’envoi"), "wait"),
            "sent": (_("remis au serveur de courrier"), "ok"),
            "failed": (_("refusé"), "danger"),
            "skipped": (_("non envoyé"), ""),
        }
        for mail in answer["items"]:
            said, kind = states[mail["state"]]
            at = datetime.fromisoformat(mail["ended_at"] or mail["created_at"])
            notes = [mail["reason"], _("peut-être reçu deux fois") if mail["perhaps_twice"] else None]
            note = ", ".join(one for one in notes if one)
            self._found.append(Step(at, 3, _("Courriel %(state)s", state=said), mail["kind"], note, kind))

    def counted(self, moved: Iterable[tuple[str, UUID]]) -> None:
        """The figures that the facts moved."""
        times = {step.about: step.at for step in self._found if step.rank == 2 and step.note == "observatory-facts"}
        for figure, fact in moved:
            contract = self.facts[fact]["contract"]
            at = times.get(contract, datetime.fromisoformat(self.facts[fact]["recorded_at"]))
            address = f"/observatoire/{figure}"
            self._found.append(Step(at, 4, _("Chiffre"), _(INDICATORS[figure].name), contract, "ok", address))

    def _said(self, fact: Mapping[str, Any], first: bool) -> Step:
        cause = self.facts.get(UUID(fact["causation_id"])) if fact["causation_id"] else None
        what = _("Formulaire reçu par %(service)s") if first else _("Dit par %(service)s")
        notes = [_("à la suite de %(contract)s", contract=cause["contract"]) if cause else ""]
        if fact["forgotten"]:
            notes.append(_("contenu effacé"))
        elif not fact["relayed"]:
            notes.append(_("attend de partir vers le flux"))
        kind = "wait" if not fact["relayed"] and not fact["forgotten"] else ""
        note = ", ".join(one for one in notes if one)
        at = datetime.fromisoformat(fact["recorded_at"])
        return Step(at, 1, what % {"service": name_of(fact["service"])}, fact["contract"], note, kind)


def _stuck(service: str, letter: Mapping[str, Any]) -> Step:
    what = _("Lettre morte dans %(service)s") if letter["state"] == "dead" else _("Encore essayé par %(service)s")
    kind = "danger" if letter["state"] == "dead" else "wait"
    address = f"/observatoire/equipe/bus/lettres/{service}/{letter['event_id']}"
    at = datetime.fromisoformat(letter["first_at"])
    return Step(at, 2, what % {"service": name_of(service)}, letter["contract"], letter["reason"], kind, address)


def lasting(seconds: float | None) -> str:
    """How long: 0,4 s, 12 s, 3 min, 5 h, 2 j; not known without a number."""
    if seconds is None:
        return unknown()
    for unit, size in ((_("%(n)s j"), 86_400), (_("%(n)s h"), 3_600), (_("%(n)s min"), 60)):
        if seconds >= 2 * size:
            return unit % {"n": number(seconds // size)}
    return _("%(n)s s", n=number(seconds, 0 if seconds >= 10 or not seconds else 1))


def name_of(service: str) -> str:
    """A service as the team calls it."""
    names = {"registry": _("l’annuaire"), "events": _("l’agenda"), "mailing": _("les lettres")}
    return names.get(service, _("l’observatoire"))
