"""What those who ask for letters are told: one click to confirm, or where their choices are."""

from services.mailing.mails.pieces import Mail, button, facts, note, text, title
from shared.web.i18n import _


def confirm_subscription(topics: str, url: str) -> Mail:
    """One click, and the letters start."""
    return Mail(
        _("Confirmez votre abonnement"),
        (
            title(_("Confirmez votre abonnement")),
            text(_("Bonjour,")),
            text(_("Vous avez demandé à recevoir nos lettres. Un clic le confirme.")),
            facts((_("Vous recevrez"), topics)),
            button(_("Confirmer mon abonnement"), url),
            note(_("Vous n’avez rien demandé\u202f? Ne faites rien\u00a0: aucune lettre ne vous sera envoyée.")),
        ),
        _reason(),
        preview=_("Un clic, et votre abonnement commence."),
    )


def known_subscriber(url: str) -> Mail:
    """You already get letters: here is where you change that."""
    return Mail(
        _("Vos lettres\u00a0: changer vos choix"),
        (
            title(_("Vous êtes déjà abonné")),
            text(_("Bonjour,")),
            text(_("Cette adresse reçoit déjà nos lettres. Vous pouvez changer vos choix, ou vous désabonner, ici.")),
            button(_("Mes lettres"), url),
            note(_("Vous n’avez rien demandé\u202f? Ignorez ce message\u00a0: rien ne change.")),
        ),
        _reason(),
    )


def _reason() -> str:
    return _("Vous recevez ce message parce qu’un abonnement a été demandé pour cette adresse.")
