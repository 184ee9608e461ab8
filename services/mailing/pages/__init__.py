"""The pages of the mailing service."""

from fastapi import APIRouter

from services.mailing.pages import letter, public, subscribing, team

router = APIRouter(include_in_schema=False)
router.include_router(subscribing.router)
router.include_router(public.router)
router.include_router(team.router)
router.include_router(letter.router)
