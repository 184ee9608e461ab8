"""`maillage run`: everything on this machine, or one service apart."""

from importlib import import_module
from typing import Annotated, Literal

import structlog
import typer
import uvloop
from pydantic import ValidationError

from services.reach import fail, settings_from_environment, wrong_setting
from services.serving import LOG, PortTaken, check_port
from shared.embedded.errors import CannotStart
from shared.errors import Unavailable

ServiceName = Literal["registry", "events", "mailing", "observatory"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(run)


def run(
    service: Annotated[ServiceName | None, typer.Argument(help="one service apart; none: all four, embedded")] = None,
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65535)] = 8000,
    host: Annotated[str, typer.Option(envvar="MAILLAGE_HOST", help="shells set HOST to other ends")] = "127.0.0.1",
    demo: Annotated[bool | None, typer.Option(envvar="DEMO", help="the fictional season; else MAILLAGE_DEMO")] = None,
) -> None:
    """Start Maillage."""
    settings = settings_from_environment(demo)
    try:
        settings.refuse_default_secrets()
    except ValueError as error:
        fail(str(error))
    try:
        check_port(host, port)
        if service is None:
            uvloop.run(import_module("services.together").run_house(settings, host, port))
        else:  # a process that runs one service loads no other
            uvloop.run(import_module("services.alone").run_apart(service, settings, host, port))
    except (CannotStart, PortTaken, Unavailable) as error:
        fail(str(error))
    except ValidationError as error:
        fail(wrong_setting(error))
    except Exception as error:
        structlog.get_logger().error("stopped by an error", exc_info=error)
        where = "" if service else f" (voir {settings.data / 'logs' / LOG})"
        fail(f"Maillage s’est arrêté sur une erreur\u00a0: {str(error) or type(error).__name__}{where}.")
