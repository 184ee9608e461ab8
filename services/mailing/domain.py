"""The rules of letters: how often one tries, who may get what, and the refusals."""

from datetime import timedelta

from shared.errors import NotFound, Refusal

NEWSLETTER = "newsletter"
TRAININGS = "trainings"
CALLS = "calls"
GROUP = "group:"

PATIENCE = timedelta(hours=48)
"""How long a letter is tried when its server says « later »."""
LONGEST_WAIT = timedelta(hours=4)
LONGEST_OUTAGE = timedelta(minutes=5)

BETWEEN_REQUESTS = timedelta(minutes=10)
REQUESTS_A_DAY = 3
"""A person who lost the mail may ask again, and nobody can fill a mailbox with our help."""


class UnknownCampaign(NotFound):
    """Cette lettre n’existe pas ou n’existe plus."""


class NothingNew(Refusal):
    """Rien de nouveau à annoncer : aucune lettre n’est préparée."""


class NotADraft(Refusal):
    """Cette lettre est déjà approuvée : elle ne se modifie plus."""


class EmptyLetter(Refusal):
    """Cette lettre ne dit rien : écrivez un mot ou rétablissez un élément."""


class NoReader(Refusal):
    """Aucun abonnement à cette lettre : elle n’aurait aucun destinataire."""


class AddressForgotten(Refusal):
    """Votre adresse a été effacée, comme promis, trente jours après votre départ : abonnez-vous de nouveau."""


class UnknownTopic(Refusal):
    """Ce groupe n’a pas de lettre : choisissez dans la liste."""

    status = 422
    field = "topics"


def wait_after(attempts: int) -> timedelta:
    """How long to wait when a server said « later » for the n-th time: 15 s, 45 s, 2 min … 4 h."""
    return min(LONGEST_WAIT, timedelta(seconds=15 * 3 ** min(attempts - 1, 9)))


def wait_after_outage(failures: int) -> timedelta:
    """How long to leave a server alone that did not answer: 2 s, 4 s, 8 s … 5 min."""
    return min(LONGEST_OUTAGE, timedelta(seconds=2 ** min(failures, 12)))


def chosen(topics: list[str]) -> list[str]:
    """The letters asked for; the newsletter where nothing was ticked."""
    return topics or [NEWSLETTER]
