"""The registry, composed."""

from pathlib import Path

from services.registry import CARD, api, pages
from services.registry.chores import CHORES
from services.registry.handlers import HANDLERS
from services.registry.outbound import Outbound
from services.registry.tally import Tally
from shared.service import Service
from shared.settings import Settings


def build(settings: Settings) -> Service:
    """The service, ready to be entered."""
    service = Service(CARD, settings, Path(__file__).parent, HANDLERS, CHORES)
    service.app.state.tally = Tally()
    service.app.state.outbound = Outbound()
    service.app.include_router(api.router)
    for router in pages.ROUTERS:
        service.app.include_router(router, include_in_schema=False)
    return service
