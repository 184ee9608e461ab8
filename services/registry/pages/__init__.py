"""The registry's pages: public ones, and the team's; the directory last: its `/annuaire/{slug}` takes what is left."""

from services.registry.pages import (
    accounts,
    directory,
    erasing,
    export,
    following,
    groups,
    home,
    listing,
    signing_in,
    team,
    watch,
)

_ROOMS = (home, signing_in, listing, following, groups, watch, team, accounts, erasing, export, directory)
ROUTERS = tuple(room.router for room in _ROOMS)
