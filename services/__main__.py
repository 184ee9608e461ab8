"""`maillage`: the command line."""

import logging
import sys
from importlib import import_module

import typer

from shared import log

MODULES = {
    "run": "running",
    "migrate": "migrating",
    "bus": "bus",
    "dead-letters": "dead_letters",
    "republish": "bus",
    "verify": "bus",
    "backup": "backup",
    "restore": "backup",
    "mail": "mail",
    "upgrade": "upgrade",
    "doctor": "doctor",
    "watch": "doctor",
    "import": "importing",
    "demo": "demo",
    "erasures": "erasures",
    "token": "tokens",
    "campaign": "campaigns",
    "dashboard": "observatory",
    "replay": "observatory",
}
"""Each command and the module of services/cli whose `register` adds it: only the one that is asked for is loaded."""


def command_line(word: str = "") -> typer.Typer:
    """The command line, with the module of one command, or all of them."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
    app.callback()(_words_follow)
    modules = [MODULES[word]] if word in MODULES else list(dict.fromkeys(MODULES.values()))
    for name in modules:
        import_module(f"services.cli.{name}").register(app)
    return app


def _words_follow() -> None:
    """The platform of a network: four services, one stream of facts."""


def main() -> None:
    """Run the command line; only warnings are logged, on standard error."""
    log.configure(logging.WARNING)
    try:
        command_line(next(iter(sys.argv[1:]), ""))()
    except KeyboardInterrupt:  # while modules load: nothing has begun
        sys.exit(130)


if __name__ == "__main__":
    main()
