"""The mailing service, composed."""

from pathlib import Path

from services.mailing import CARD, api, pages
from services.mailing.chores import CHORES
from services.mailing.handlers import HANDLERS
from services.mailing.mails.dkim import Seal
from services.mailing.mails.keys import DkimSettings
from shared.service import Service
from shared.settings import Settings


def build(settings: Settings) -> Service:
    """The service, ready to be entered."""
    Seal.of(settings, DkimSettings())  # a key that cannot sign is refused at the start, not at the first mail
    service = Service(CARD, settings, Path(__file__).parent, HANDLERS, CHORES)
    service.app.include_router(api.router)
    for router in pages.ROUTERS:
        service.app.include_router(router, include_in_schema=False)
    return service
