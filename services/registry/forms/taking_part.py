"""Joining a group, signing in, watching."""

from pydantic import BaseModel

from shared.web.fields import Email, Name


class JoinGroup(BaseModel):
    """Ask to join a group; a mail confirms it."""

    name: Name
    email: Email


class AskSignIn(BaseModel):
    """Ask for a sign-in link; the answer is the same for any address."""

    email: Email


class WithdrawWatchItem(BaseModel):
    """Take a watch item back: it is in no later letter."""
