"""What registrants are told: their place, their rank, a change, a goodbye."""

from services.mailing.mails.pieces import Block, Mail, button, facts, note, text, title
from shared.contracts.events import (
    AbstractRegistrant,
    RegistrantLeft,
    RegistrantNamed,
    RegistrantPromoted,
    RegistrantToldOfChange,
    SessionState,
)
from shared.web import format
from shared.web.i18n import _


def registrant_named(event: RegistrantNamed) -> Mail:
    """A place, or a rank in the waiting list."""
    name = event.gathering_title
    if event.status == "confirmed":
        blocks = [
            title(_("Votre inscription est confirmée")),
            _hello(event),
            text(_("Vous avez une place pour «\u202f%(title)s\u202f».", title=name)),
            *_when_and_where(event),
            button(_("Voir ou annuler mon inscription"), event.manage_url),
            note(_("Un empêchement\u202f? Annulez d’un clic\u00a0: votre place ira à la personne suivante.")),
        ]
        return _mail(event, _("Inscription confirmée\u00a0: %(title)s", title=name), blocks)
    blocks = [
        title(_("Vous êtes sur la liste d’attente")),
        _hello(event),
        text(_("Toutes les places de «\u202f%(title)s\u202f» sont prises pour l’instant.", title=name)),
        *_rank(event.rank),
        text(_("Dès qu’une place se libère, elle est à vous et nous vous écrivons\u00a0: vous n’avez rien à faire.")),
        *_when_and_where(event),
        button(_("Voir ou quitter la liste d’attente"), event.manage_url),
    ]
    return _mail(event, _("Liste d’attente\u00a0: %(title)s", title=name), blocks)


def registrant_promoted(event: RegistrantPromoted) -> Mail:
    """A place was freed."""
    blocks = [
        title(_("Une place s’est libérée\u00a0: elle est à vous")),
        _hello(event),
        text(
            _("Vous attendiez une place pour «\u202f%(title)s\u202f»\u00a0: vous l’avez.", title=event.gathering_title)
        ),
        *_when_and_where(event),
        button(_("Voir ou annuler mon inscription"), event.manage_url),
        note(_("Vous ne pouvez plus venir\u202f? Annulez d’un clic\u00a0: la place ira à la personne suivante.")),
    ]
    return _mail(event, _("Une place pour vous\u00a0: %(title)s", title=event.gathering_title), blocks)


def registrant_left(event: RegistrantLeft) -> Mail:
    """The registration was cancelled."""
    blocks = [
        title(_("Votre inscription est annulée")),
        _hello(event),
        text(
            _(
                "Votre participation à «\u202f%(title)s\u202f» est annulée. Merci de nous avoir prévenus.",
                title=event.gathering_title,
            )
        ),
        button(_("Revoir l’événement"), event.gathering_url),
        note(_("Si vous changez d’avis, inscrivez-vous de nouveau depuis cette page.")),
    ]
    return _mail(event, _("Inscription annulée\u00a0: %(title)s", title=event.gathering_title), blocks)


def registrant_told_of_change(event: RegistrantToldOfChange) -> Mail:
    """Relocated, postponed or cancelled."""
    heads = {
        "relocated": (_("L’événement change de date ou de lieu"), _("Changement\u00a0: %(title)s")),
        "postponed": (_("L’événement est reporté"), _("Reporté\u00a0: %(title)s")),
        "cancelled": (_("L’événement est annulé"), _("Annulé\u00a0: %(title)s")),
    }
    sentences = {
        "relocated": _("«\u202f%(title)s\u202f», auquel vous participez, a changé. Voici ce qui vaut désormais."),
        "postponed": _(
            "«\u202f%(title)s\u202f» est reporté à une date qui n’est pas encore connue. Nous vous écrirons."
        ),
        "cancelled": _("«\u202f%(title)s\u202f», auquel vous deviez participer, n’aura pas lieu."),
    }
    head, subject = heads[event.change]
    blocks = [
        title(head),
        _hello(event),
        text(sentences[event.change] % {"title": event.gathering_title}),
        *([facts((_("Raison"), event.reason))] if event.reason else []),
    ]
    if event.change == "cancelled":
        blocks.append(button(_("Voir l’agenda"), event.gathering_url.rsplit("/", 1)[0]))
    else:
        blocks += _when_and_where(event) if event.change == "relocated" else []
        blocks.append(button(_("Voir ou annuler mon inscription"), event.manage_url))
        blocks.append(
            note(_("Cela ne vous convient plus\u202f? Annulez d’un clic\u00a0: votre place ira à une autre personne."))
        )
    return _mail(event, subject % {"title": event.gathering_title}, blocks)


def _hello(event: AbstractRegistrant) -> Block:
    return text(_("Bonjour %(name)s,", name=event.name) if event.name else _("Bonjour,"))


def _rank(rank: int | None) -> list[Block]:
    return [text(_("Votre rang\u00a0: %(rank)s.", rank=rank))] if rank else []


def _when_and_where(event: AbstractRegistrant) -> list[Block]:
    modes = {"in_person": _("Sur place"), "online": _("À distance"), "hybrid": _("Sur place et à distance")}
    dates = [(_("Quand") if not index else "", one) for index, one in enumerate(map(_slot, event.sessions))]
    first = [(label, value) for label, value in dates if label]
    others = [(_("Puis"), value) for label, value in dates if not label]
    return [
        facts(
            *first,
            *others,
            (_("Où"), event.place if event.mode != "online" else None),
            (_("Comment"), modes[event.mode] if event.mode else None),
            (_("Lien de la visioconférence"), event.online_url),
        )
    ]


def _slot(session: SessionState) -> str:
    said = format.period(session.starts_at, session.ends_at)
    return f"{said} ({session.title})" if session.title else said


def _mail(event: AbstractRegistrant, subject: str, blocks: list[Block]) -> Mail:
    reason = _("Vous recevez ce message parce que cette adresse a été donnée pour une inscription à cet événement.")
    return Mail(subject, tuple(blocks), reason, calendar=event.calendar, preview=event.gathering_title)
