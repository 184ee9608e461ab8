"""Refusals carry their own words: the docstring is the French sentence people read, `field` says where it stands."""

from inspect import getdoc


class Refusal(Exception):
    """Cette demande ne peut pas être acceptée."""

    status = 409
    field: str | None = None

    def __init__(self, sentence: str | None = None, **details: object) -> None:
        self.sentence = sentence or getdoc(type(self)) or ""
        self.details = details
        super().__init__(self.sentence)


class Invalid(Refusal):
    """Des réponses sont à corriger."""

    status = 422

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__()
        self.errors = errors


class NotFound(Refusal):
    """Cette page n’existe pas ou n’existe plus."""

    status = 404


class LinkExpired(Refusal):
    """Ce lien n’est plus valable. Demandez-en un nouveau."""

    status = 404


class NotSignedIn(Refusal):
    """Connectez-vous pour ouvrir cette page."""

    status = 401


class NotAllowed(Refusal):
    """Cette page est réservée à l’équipe du réseau."""

    status = 403


class Unavailable(Refusal):
    """Le service est momentanément indisponible. Rien n’est perdu : réessayez dans un instant."""

    status = 503


class NotYetKnown(Exception):
    """A handler met something another fact has not told yet; the frame waits and tries again, which is no failure."""
