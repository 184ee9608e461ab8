"""The pages of the mailing service."""

from fastapi import APIRouter

from services.mailing.pages import public, subscribing

router = APIRouter(include_in_schema=False)
router.include_router(subscribing.router)
router.include_router(public.router)
