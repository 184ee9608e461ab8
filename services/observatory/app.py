"""The observatory service, composed."""

from pathlib import Path

from services.observatory import CARD, api, pages
from services.observatory.chores import CHORES
from services.observatory.handlers import HANDLERS
from services.observatory.live import Live
from shared.service import Service
from shared.settings import Settings


def build(settings: Settings) -> Service:
    """The service, ready to be entered."""
    service = Service(CARD, settings, Path(__file__).parent, HANDLERS, CHORES)
    service.app.state.live = Live()
    service.app.include_router(api.router)
    for router in pages.ROUTERS:
        service.app.include_router(router, include_in_schema=False)
    return service
