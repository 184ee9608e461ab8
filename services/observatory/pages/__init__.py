"""The pages, and the streams that keep them live; fixed addresses come before those that name an indicator."""

from fastapi import APIRouter

from services.observatory.pages import barometer, bus, indicator, partner, published, team

router = APIRouter(include_in_schema=False)
for part in (barometer, published, partner, team, bus, indicator):
    router.include_router(part.router)
