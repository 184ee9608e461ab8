"""The pages of the mailing service."""

from services.mailing.pages import letter, public, subscribing, team

ROUTERS = tuple(room.router for room in (subscribing, public, team, letter))
