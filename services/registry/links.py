"""Addresses that mails carry, and the keys of people: made from the settings and the signer alone."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from starlette.requests import Request

from shared.clock import new_id
from shared.contracts import person_key
from shared.errors import LinkExpired
from shared.settings import Settings
from shared.web.session import Signer

FOLLOW = "listing-follow"
CONFIRM = "listing-confirm"
JOIN = "group-join"
LEAVE = "group-leave"
SIGN_IN = "sign-in"
ERASURE = "erasure"
RECEIPT = "erasure-receipt"
ERASURE_DAYS = 7
YEAR_SECONDS = 366 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Links:
    """What commands need of the house around them."""

    settings: Settings
    signer: Signer

    @classmethod
    def of(cls, request: Request) -> Self:
        return cls(request.app.state.settings, request.app.state.signer)

    def person_key(self, email: str) -> str:
        """The pseudonym of whoever reads this address."""
        return person_key(email, self.settings.people_secret)

    def profile(self, slug: str) -> str:
        """The public page of an organisation."""
        return f"{self.settings.public_url}/annuaire/{slug}"

    def follow(self, request_id: UUID) -> str:
        """« Où en est ma demande »."""
        token = self.signer.issue(FOLLOW, {"id": str(request_id)})
        return f"{self.settings.public_url}/annuaire/demande/{token}"

    def confirm(self, request_id: UUID) -> str:
        """The page whose button confirms the contact's address."""
        token = self.signer.issue(CONFIRM, {"id": str(request_id)})
        return f"{self.settings.public_url}/annuaire/confirmation/{token}"

    def join(self, membership: dict[str, str]) -> str:
        """The page whose button confirms that somebody joins a group."""
        return f"{self.settings.public_url}/annuaire/adhesion/{self.signer.issue(JOIN, membership)}"

    def leave(self, membership_id: UUID) -> str:
        """The page whose button leaves a group."""
        token = self.signer.issue(LEAVE, {"id": str(membership_id)})
        return f"{self.settings.public_url}/annuaire/adhesion/{token}"

    def sign_in(self, email: str) -> str:
        """The page whose button signs in, once, within the hour."""
        token = self.signer.issue(SIGN_IN, {"id": str(new_id()), "email": email})
        return f"{self.settings.public_url}/connexion/{token}"

    def erasure(self, erasure_id: UUID, email: str, lang: str = "fr") -> str:
        """The page whose button erases whoever reads this address."""
        token = self.signer.issue(ERASURE, {"id": str(erasure_id), "email": email})
        return f"{self.settings.public_url}/donnees-personnelles/effacement/{token}{_in(lang)}"

    def receipt(self, erasure_id: UUID, lang: str = "fr") -> str:
        """The receipt of an erasure, for whoever has its link."""
        token = self.signer.issue(RECEIPT, {"id": str(erasure_id)})
        return f"{self.settings.public_url}/donnees-personnelles/recu/{token}{_in(lang)}"

    def request_of(self, purpose: str, token: str) -> UUID:
        """The request that a signed link names, or LinkExpired."""
        try:
            return UUID(self.signer.read(purpose, token, YEAR_SECONDS)["id"])
        except (KeyError, ValueError, TypeError):
            raise LinkExpired() from None


def _in(lang: str) -> str:
    """How an address asks for English."""
    return "?lang=en" if lang == "en" else ""
