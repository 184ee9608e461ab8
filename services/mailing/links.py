"""Addresses that mails carry, signed where they act for somebody: made from the settings and the signer alone."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from starlette.requests import Request

from shared.contracts import person_key
from shared.errors import LinkExpired
from shared.settings import Settings
from shared.web.session import DAY, LINK_SECONDS, Signer

CONFIRMATION = "subscription-confirmation"
PREFERENCES = "subscription"
LEAVING = "subscription-end"
CONFIRMATION_SECONDS = 30 * DAY
KEPT_SECONDS = 12 * LINK_SECONDS
"""The links of a letter must work as long as somebody may find it in a mailbox: three years."""


@dataclass(frozen=True, slots=True)
class OwnLinks:
    """The two addresses in a letter that act for its reader."""

    leaving: str
    preferences: str


@dataclass(frozen=True, slots=True)
class Links:
    """What mails and pages need of the house around them."""

    settings: Settings
    signer: Signer

    @classmethod
    def of(cls, request: Request) -> Self:
        return cls(request.app.state.settings, request.app.state.signer)

    def confirmation(self, request_id: UUID, lang: str) -> str:
        """The page with one button that starts a subscription."""
        return self._signed("confirmation", CONFIRMATION, request_id, lang)

    def preferences(self, subscriber_id: UUID, lang: str) -> str:
        """Where a subscriber changes their choices."""
        return self._signed("preferences", PREFERENCES, subscriber_id, lang)

    def leaving(self, subscriber_id: UUID, lang: str) -> str:
        """The address of RFC 8058: POST acts, GET shows a button."""
        return self._signed("desinscription", LEAVING, subscriber_id, lang)

    def own(self, subscriber_id: UUID, lang: str) -> OwnLinks:
        """Both addresses of a letter."""
        return OwnLinks(self.leaving(subscriber_id, lang), self.preferences(subscriber_id, lang))

    def request_of(self, token: str) -> UUID:
        return self._read(CONFIRMATION, token, CONFIRMATION_SECONDS)

    def subscriber_of(self, token: str) -> UUID:
        return self._read(PREFERENCES, token, KEPT_SECONDS)

    def leaver_of(self, token: str) -> UUID:
        return self._read(LEAVING, token, KEPT_SECONDS)

    def page(self, path: str, lang: str = "fr") -> str:
        """A page of the site, in full."""
        return f"{self.settings.public_url}{path}{'?lang=en' if lang == 'en' else ''}"

    def person_key(self, email: str) -> str:
        return person_key(email, self.settings.people_secret)

    def _signed(self, page: str, purpose: str, subject: UUID, lang: str) -> str:
        return self.page(f"/lettres/{page}/{self.signer.issue(purpose, {'id': str(subject)})}", lang)

    def _read(self, purpose: str, token: str, seconds: int) -> UUID:
        try:
            return UUID(str(self.signer.read(purpose, token, seconds)["id"]))
        except (KeyError, ValueError):
            raise LinkExpired() from None
