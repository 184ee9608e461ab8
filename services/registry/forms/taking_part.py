"""Joining a group, signing in, finding a lost link, watching."""

from typing import Literal

from pydantic import BaseModel

from shared.web.fields import Email, Name


class JoinGroup(BaseModel):
    """Ask to join a group; a mail confirms it."""

    name: Name
    email: Email


class AskSignIn(BaseModel):
    """Ask for a sign-in link; the answer is the same for any address."""

    email: Email


class AskLink(BaseModel):
    """Ask for the link of one's request again; the answer is the same for any address."""

    email: Email


class AskErasure(BaseModel):
    """Ask for the link that erases one's data; the answer is the same for any address."""

    email: Email


class ErasePerson(BaseModel):
    """Erase whoever reads this address, in every service."""

    email: Email


class GiveAccess(BaseModel):
    """Let somebody into the team space."""

    email: Email
    role: Literal["staff", "administrator"]


class TakeAccess(BaseModel):
    """Close the team space to somebody."""

    email: Email


class WithdrawWatchItem(BaseModel):
    """Take a watch item back: it is in no later letter."""
