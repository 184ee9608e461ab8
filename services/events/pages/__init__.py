"""The pages of the agenda; the team's and the signed ones first, since an event's address takes any word."""

from fastapi import APIRouter

from services.events.pages import agenda, calendars, registering, team, team_actions

router = APIRouter(include_in_schema=False)
for room in (team, team_actions, calendars, registering, agenda):
    router.include_router(room.router)
