"""What the registry asks to be told: confirm an address, follow a request, sign in, join a group."""

from services.mailing.mails.pieces import Mail, button, facts, note, text, title
from shared.contracts.registry import (
    ErasureLinkAsked,
    ErasureReceiptIssued,
    GroupJoinAsked,
    GroupMemberNamed,
    ListingContactNamed,
    ListingDecisionTold,
    SignInLinkAsked,
)
from shared.web.i18n import _, ngettext


def listing_contact_named(event: ListingContactNamed) -> Mail:
    """Confirm your address, and the request goes to the team."""
    name = event.organisation_name
    return Mail(
        _("Confirmez votre adresse\u00a0: demande de référencement de %(name)s", name=name),
        (
            title(_("Confirmez votre adresse")),
            text(_("Bonjour,")),
            text(_("Vous avez demandé que «\u202f%(name)s\u202f» figure dans l’annuaire.", name=name)),
            text(
                _("Un clic confirme que cette adresse est la vôtre. L’équipe relit votre demande et vous répondra ici.")
            ),
            button(_("Confirmer mon adresse"), event.confirmation_url),
            text(_("Vous pourrez suivre la demande à tout moment, sans compte.")),
            button(_("Où en est ma demande"), event.follow_url),
            note(
                _(
                    "Vous n’avez rien demandé\u202f? "
                    "Ne faites rien\u00a0: l’équipe voit que l’adresse n’est pas confirmée."
                )
            ),
        ),
        _listing_reason(),
        preview=_("Un clic, et l’équipe lira votre demande."),
    )


def listing_decision_told(event: ListingDecisionTold) -> Mail:
    """Published, refused with its reason, or asked for more."""
    name = event.organisation_name
    if event.decision == "published":
        return Mail(
            _("%(name)s figure dans l’annuaire", name=name),
            (
                title(_("Votre structure figure dans l’annuaire")),
                text(_("Bonjour,")),
                text(_("La demande de «\u202f%(name)s\u202f» est acceptée\u00a0: sa fiche est en ligne.", name=name)),
                *([facts((_("Un mot de l’équipe"), event.reason))] if event.reason else []),
                button(_("Voir la fiche"), event.profile_url or event.follow_url),
                note(_("Relisez-la\u00a0: si quelque chose ne va pas, répondez à ce message.")),
            ),
            _listing_reason(),
        )
    if event.decision == "refused":
        return Mail(
            _("Demande de référencement de %(name)s\u00a0: réponse", name=name),
            (
                title(_("Votre demande n’est pas retenue")),
                text(_("Bonjour,")),
                text(_("L’équipe a lu la demande de «\u202f%(name)s\u202f» et ne la publiera pas.", name=name)),
                facts((_("Raison"), event.reason)),
                button(_("Revoir ma demande"), event.follow_url),
                note(_("Une question, un désaccord\u202f? Répondez à ce message\u00a0: une personne vous lira.")),
            ),
            _listing_reason(),
        )
    return Mail(
        _("Il nous manque une réponse pour %(name)s", name=name),
        (
            title(_("Il nous manque une réponse")),
            text(_("Bonjour,")),
            text(_("L’équipe lit la demande de «\u202f%(name)s\u202f» et a besoin d’une précision.", name=name)),
            facts((_("Question"), event.reason)),
            button(_("Compléter ma demande"), event.follow_url),
        ),
        _listing_reason(),
    )


def sign_in_link_asked(event: SignInLinkAsked) -> Mail:
    """One link, for a short time."""
    return Mail(
        _("Votre lien de connexion"),
        (
            title(_("Votre lien de connexion")),
            text(_("Bonjour,")),
            text(
                ngettext(
                    "Ce lien vous connecte une fois, pendant %(n)s minute.",
                    "Ce lien vous connecte une fois, pendant %(n)s minutes.",
                    event.valid_minutes,
                )
            ),
            button(_("Me connecter"), event.sign_in_url),
            note(_("Vous n’avez rien demandé\u202f? Ignorez ce message\u00a0: personne n’est connecté sans ce lien.")),
        ),
        _("Vous recevez ce message parce qu’un lien de connexion a été demandé pour cette adresse."),
    )


def group_join_asked(event: GroupJoinAsked) -> Mail:
    """Confirm that you join."""
    return Mail(
        _("Confirmez\u00a0: rejoindre «\u202f%(name)s\u202f»", name=event.group_name),
        (
            title(_("Rejoindre «\u202f%(name)s\u202f»", name=event.group_name)),
            text(_("Bonjour,")),
            text(_("Un clic confirme que vous rejoignez ce groupe et que vous voulez recevoir ses lettres.")),
            button(_("Rejoindre le groupe"), event.confirmation_url),
            note(_("Vous n’avez rien demandé\u202f? Ignorez ce message\u00a0: il ne se passera rien.")),
        ),
        _group_reason(),
    )


def group_member_named(event: GroupMemberNamed) -> Mail:
    """Welcome."""
    return Mail(
        _("Bienvenue dans «\u202f%(name)s\u202f»", name=event.group_name),
        (
            title(_("Bienvenue dans «\u202f%(name)s\u202f»", name=event.group_name)),
            text(_("Bonjour,")),
            text(
                _("Vous faites partie du groupe\u00a0: ses lettres et l’annonce de ses réunions vous parviendront ici.")
            ),
            button(_("Quitter le groupe"), event.leave_url),
            note(_("Gardez ce message\u00a0: ce lien reste valable si vous changez d’avis.")),
        ),
        _group_reason(),
    )


def erasure_link_asked(event: ErasureLinkAsked) -> Mail:
    """One link, that leads to a page with one button."""
    return Mail(
        _("Effacer mes données\u00a0: votre lien"),
        (
            title(_("Effacer vos données")),
            text(_("Bonjour,")),
            text(
                _(
                    "On nous a demandé d’effacer tout ce que nous gardons sur cette adresse. "
                    "La page du lien dit ce qui partira, et a un bouton\u00a0: sans lui, rien ne change."
                )
            ),
            button(_("Voir ce qui sera effacé"), event.erasure_url),
            text(
                ngettext("Ce lien est valable %(n)s jour.", "Ce lien est valable %(n)s jours.", event.valid_days),
            ),
            note(_("Vous n’avez rien demandé\u202f? Ignorez ce message\u00a0: rien n’est effacé sans ce lien.")),
        ),
        _("Vous recevez ce message parce que l’effacement des données de cette adresse a été demandé."),
    )


def erasure_receipt_issued(event: ErasureReceiptIssued) -> Mail:
    """The last mail: what happens, and where its receipt is."""
    return Mail(
        _("Vos données sont effacées\u00a0: votre reçu"),
        (
            title(_("Vos données sont effacées")),
            text(_("Bonjour,")),
            text(
                _(
                    "Ce que nous gardions sur cette adresse s’efface dans chacun de nos services, "
                    "en général en moins d’une minute. Ce message est le dernier."
                )
            ),
            text(
                _(
                    "Le reçu dit où en est chaque service et combien de lignes ont été effacées. "
                    "Il ne porte ni votre nom ni votre adresse."
                )
            ),
            button(_("Voir le reçu"), event.receipt_url),
            note(
                _(
                    "Vous pourrez revenir quand vous voudrez\u00a0: une nouvelle inscription repart de zéro. "
                    "Une question\u202f? Répondez à ce message."
                )
            ),
        ),
        _("Vous recevez ce message parce que l’effacement des données de cette adresse a été demandé."),
    )


def _listing_reason() -> str:
    return _("Vous recevez ce message parce que cette adresse est celle du contact d’une demande de référencement.")


def _group_reason() -> str:
    return _("Vous recevez ce message parce que cette adresse a été donnée pour rejoindre un groupe du réseau.")
