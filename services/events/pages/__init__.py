"""The pages of the agenda; the team's and the signed ones first, since an event's address takes any word."""

from services.events.pages import agenda, calendars, registering, team, team_actions

ROUTERS = tuple(room.router for room in (team, team_actions, calendars, registering, agenda))
