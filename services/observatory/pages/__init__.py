"""The pages, and the streams that keep them live; fixed addresses come before those that name an indicator."""

from fastapi import APIRouter

from services.observatory.pages import barometer, indicator, partner, published, team

router = APIRouter(include_in_schema=False)
for part in (barometer, published, partner, team, indicator):
    router.include_router(part.router)
