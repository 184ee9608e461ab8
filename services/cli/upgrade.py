"""`maillage upgrade`."""

from typing import Annotated

import typer

from services import reach
from services.upkeep.settings import UpkeepSettings
from services.upkeep.upgrade import READY_SECONDS, Upgrade


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(upgrade)


def upgrade(
    back: Annotated[bool, typer.Option("--back", help="to the release before, while its tables are there")] = False,
    patience: Annotated[float, typer.Option(min=1, help="seconds until the services must be ready")] = READY_SECONDS,
) -> None:
    """Back up, migrate `pre`, restart, migrate `post`; if the new release does not come up, the old one runs again."""

    async def work() -> None:
        one = Upgrade(UpkeepSettings(), typer.echo, patience)
        await (one.back() if back else one.forward())

    reach.run(work())
