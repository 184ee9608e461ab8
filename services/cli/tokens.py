"""`maillage token`: API tokens, signed, with a role and an id by which they are revoked."""

from typing import Annotated, Literal
from uuid import UUID

import typer

from services import reach
from shared.clock import today
from shared.contracts.registry import AccessRevoked
from shared.web.session import Signer, new_session

app = typer.Typer(no_args_is_help=True, help="API tokens.")


def register(root: typer.Typer) -> None:
    """Add the commands."""
    root.add_typer(app, name="token")


@app.command("create")
def create(role: Annotated[Literal["staff", "administrator"], typer.Option(help="what the token may do")]) -> None:
    """Print an API token, alone on the last line of standard output, good for a year."""
    settings = reach.settings_of("registry")
    session = new_session(role)
    reach.console.print(f"Identifiant, pour le révoquer\u00a0: {session.token_id}", soft_wrap=True)
    typer.echo(Signer(settings.secret).session(session, "api-token"))


@app.command("revoke")
def revoke(token_id: UUID) -> None:
    """Refuse a token or a session from now on, in every service."""

    async def work() -> None:
        async with reach.database("registry") as db, db.transaction() as tx:
            await tx.execute("INSERT INTO revocation (token_id) VALUES ($1) ON CONFLICT DO NOTHING", token_id)
            tx.emit(AccessRevoked(occurred_on=today(), token_id=token_id))

    reach.run(work())
