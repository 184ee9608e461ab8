"""The pages, and the streams that keep them live; fixed addresses come before those that name an indicator."""

from fastapi import APIRouter

from services.observatory.pages import barometer, indicator, published

router = APIRouter(include_in_schema=False)
for part in (barometer, published, indicator):
    router.include_router(part.router)
