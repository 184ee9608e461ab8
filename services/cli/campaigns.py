"""`maillage campaign`: draft the newsletter, approve and send a letter."""

from typing import Annotated
from uuid import UUID

import typer

from services.mailing import commands
from services.mailing.forms import ApproveCampaign
from services.mailing.queries.campaigns import Campaign, campaigns_page
from services.reach import as_json, database, fail, run, settings_of

app = typer.Typer(no_args_is_help=True, help="Préparer et envoyer les lettres.")
BY = "command"


def register(root: typer.Typer) -> None:
    """Add the commands."""
    root.add_typer(app, name="campaign")


@app.command()
def draft() -> None:
    """Prépare la lettre mensuelle avec ce qui n’a pas encore été annoncé."""
    _show(run(_draft()))


@app.command()
def send(
    campaign: Annotated[UUID | None, typer.Argument(help="L’identifiant de la lettre.")] = None,
    latest: Annotated[bool, typer.Option("--latest", help="Le brouillon le plus récent.")] = False,
) -> None:
    """Approuve une lettre : elle part tout de suite."""
    if campaign is None and not latest:
        fail("Dites quelle lettre\u00a0: son identifiant, ou --latest pour le dernier brouillon.")
    _show(run(_send(campaign)))


async def _draft() -> Campaign:
    demonstrations = settings_of("mailing").smtp_is_mailbox
    async with database("mailing") as db, db.transaction() as tx:
        return await commands.draft_newsletter(tx, BY, demonstrations)


async def _send(campaign_id: UUID | None) -> Campaign:
    demonstrations = settings_of("mailing").smtp_is_mailbox
    async with database("mailing") as db, db.transaction() as tx:
        if campaign_id is None:
            drafts = [one for one in await campaigns_page(tx, None, 100) if one.status == "draft"]
            if not drafts:
                fail("Aucun brouillon à envoyer\u00a0: préparez-en un avec maillage campaign draft.")
            campaign_id = drafts[0].id
        return await commands.approve_campaign(campaign_id, ApproveCampaign(), tx, BY, demonstrations)


def _show(one: Campaign) -> None:
    typer.echo(as_json({"id": one.id, "status": one.status, "subject": one.subject, "recipients": one.recipients}))
