"""Signed words: sessions, API tokens and links in mails. A salt a purpose, SHA-384, an expiry each."""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request

from shared.clock import new_id, now
from shared.errors import LinkExpired, NotAllowed, NotSignedIn

Role = Literal["staff", "administrator", "facilitator"]
TEAM: tuple[Role, ...] = ("staff", "administrator")
COOKIE = "maillage_session"
DAY = 24 * 3600
SESSION_SECONDS = 12 * 3600
TOKEN_SECONDS = 365 * DAY
LINK_SECONDS = 90 * DAY
CLOCKS_APART_SECONDS = 1800
"""A word signed by a machine whose clock is ahead of ours is not from the future: it is ours, and just issued."""


@dataclass(frozen=True, slots=True)
class Session:
    """Who is asking: an id that can be revoked, and a role."""

    token_id: UUID
    role: Role
    email: str = ""
    by_token: bool = False
    """True for an API token, which no browser sends by itself."""

    @property
    def by(self) -> str:
        """Who did it, as written in the journal of a row: the role and the token's id, never an address."""
        return f"{self.role}:{self.token_id}"

    @property
    def is_team(self) -> bool:
        return self.role in TEAM


class Signer:
    """Issues and reads signed words; a token of one purpose is nothing for another."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._serializers: dict[str, URLSafeTimedSerializer] = {}

    def issue(self, purpose: str, word: dict[str, Any]) -> str:
        """A URL-safe signed word for `purpose`."""
        signed = self._serializer(purpose).dumps(word)
        return signed if isinstance(signed, str) else signed.decode()

    def read(self, purpose: str, token: str, max_age: int = LINK_SECONDS) -> dict[str, Any]:
        """The word, or LinkExpired: changed, too old, or issued for something else."""
        try:
            word, issued_at = self._serializer(purpose).loads(token, return_timestamp=True)
        except BadData:
            raise LinkExpired() from None
        age = (now() - issued_at).total_seconds()
        if not isinstance(word, dict) or not -CLOCKS_APART_SECONDS <= age <= max_age:
            raise LinkExpired()
        return word

    def session(self, session: Session, purpose: str = "session") -> str:
        """The cookie (`session`) or bearer token (`api-token`) of a session."""
        return self.issue(purpose, {"id": str(session.token_id), "role": session.role, "email": session.email})

    def read_session(self, token: str, purpose: str) -> Session | None:
        """Who a cookie or bearer token speaks for; None where it is not one of ours, or too old."""
        try:
            word = self.read(purpose, token, TOKEN_SECONDS if purpose == "api-token" else SESSION_SECONDS)
            return Session(UUID(word["id"]), word["role"], word.get("email", ""), purpose == "api-token")
        except (LinkExpired, KeyError, ValueError, TypeError):
            return None

    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        if purpose not in self._serializers:
            self._serializers[purpose] = URLSafeTimedSerializer(
                self._secret,
                salt=f"maillage.{purpose}",
                signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha384},
            )
        return self._serializers[purpose]


def new_session(role: Role, email: str = "") -> Session:
    """A session with an id of its own."""
    return Session(new_id(), role, email)


def session_of(request: Request) -> Session | None:
    """Who is asking, by bearer token or cookie; None for anybody. Revoked words are nobody's."""
    signer: Signer = request.app.state.signer
    revoked: set[UUID] = request.app.state.revoked
    kind, _, bearer = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        found = signer.read_session(bearer.strip(), "api-token")
    elif cookie := request.cookies.get(COOKIE):
        found = signer.read_session(cookie, "session")
    else:
        return None
    return None if found is None or found.token_id in revoked else found


def is_of_our_page(request: Request) -> bool | None:
    """Whether a page of ours sent this form; None where the browser does not say."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return None if origin is None else origin.partition("://")[2] == request.headers.get("host")


def team_session(request: Request) -> Session:
    """A dependency for what is the team's alone: NotSignedIn (401) or NotAllowed (403) for others."""
    found: Session | None = request.state.session
    if found is None:
        raise NotSignedIn()
    if not found.is_team:
        raise NotAllowed()
    return found
