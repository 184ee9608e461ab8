"""`maillage`: the command line."""

import logging

import typer

from services.cli import bus, campaigns, dead_letters, demo, erasures, importing, observatory, running, tokens
from shared import log

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.command()(running.run)
app.command()(bus.migrate)
app.add_typer(bus.app, name="bus")
app.add_typer(dead_letters.app, name="dead-letters")
app.command()(bus.republish)
app.command()(bus.verify)
app.command("import")(importing.import_file)
app.add_typer(demo.app, name="demo")
app.add_typer(erasures.app, name="erasures")
app.add_typer(tokens.app, name="token")
app.add_typer(campaigns.app, name="campaign")
app.add_typer(observatory.dashboard, name="dashboard")
app.add_typer(observatory.rebuild, name="replay")


def main() -> None:
    """Run the command line; only warnings are logged, on standard error."""
    log.configure(logging.WARNING)
    app()


if __name__ == "__main__":
    main()
