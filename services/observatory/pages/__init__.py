"""The pages, and the streams that keep them live."""

from fastapi import APIRouter

router = APIRouter(include_in_schema=False)
