"""Addresses that mails and calendars carry, and the keys of people: made from the settings and the signer alone."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from starlette.requests import Request

from shared.contracts import person_key
from shared.errors import LinkExpired
from shared.settings import Settings
from shared.web.session import LINK_SECONDS, Signer

PURPOSE = "registration"
RESULT = "registration-result"


@dataclass(frozen=True, slots=True)
class Links:
    """What commands need of the house around them."""

    settings: Settings
    signer: Signer

    @classmethod
    def of(cls, request: Request) -> Self:
        return cls(request.app.state.settings, request.app.state.signer)

    def gathering(self, slug: str) -> str:
        """The public page of a gathering."""
        return f"{self.settings.public_url}/agenda/{slug}"

    def manage(self, registration_id: UUID, lang: str = "fr") -> str:
        """The signed page where a registrant sees or cancels."""
        token = self.signer.issue(PURPOSE, {"id": str(registration_id)})
        return f"{self.settings.public_url}/agenda/inscription/{token}{'?lang=en' if lang == 'en' else ''}"

    def registration_of(self, token: str) -> UUID:
        """The registration that a signed link names, or LinkExpired."""
        word = self.signer.read(PURPOSE, token, 4 * LINK_SECONDS)
        try:
            return UUID(str(word["id"]))
        except (KeyError, ValueError):
            raise LinkExpired() from None

    def person_key(self, email: str) -> str:
        return person_key(email, self.settings.people_secret)
