"""The pages, and the streams that keep them live; fixed addresses come before those that name an indicator."""

from services.observatory.pages import barometer, bus, indicator, partner, published, team

ROUTERS = tuple(part.router for part in (barometer, published, partner, team, bus, indicator))
