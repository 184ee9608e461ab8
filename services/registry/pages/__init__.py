"""The registry's pages: public ones, and the team's."""

from fastapi import APIRouter

from services.registry.pages.accounts import router as accounts
from services.registry.pages.directory import router as directory
from services.registry.pages.erasing import router as erasing
from services.registry.pages.export import router as export
from services.registry.pages.following import router as following
from services.registry.pages.groups import router as groups
from services.registry.pages.home import router as home
from services.registry.pages.listing import router as listing
from services.registry.pages.signing_in import router as signing_in
from services.registry.pages.team import router as team
from services.registry.pages.watch import router as watch

router = APIRouter(include_in_schema=False)
for one in (home, signing_in, listing, following, groups, watch, team, accounts, erasing, export, directory):
    router.include_router(one)  # the directory last: its `/annuaire/{slug}` takes what is left
