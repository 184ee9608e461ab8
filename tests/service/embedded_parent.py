"""A small `maillage run`: starts the servers of a folder, says so, and waits to be interrupted or killed."""

import asyncio
import signal
import sys
from pathlib import Path

from shared.embedded.errors import CannotStart
from shared.embedded.nats import NatsUser
from shared.embedded.system import EmbeddedSystem


async def main(folder: Path) -> None:
    """Keep the servers up until the end."""
    async with EmbeddedSystem(folder, nats_users=[NatsUser("owner")]) as system:
        sys.stdout.write(f"ready {system.database_url('registry')}\n")
        sys.stdout.flush()
        await asyncio.sleep(600)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job comes with it ignored
    try:
        asyncio.run(main(Path(sys.argv[1])))
    except KeyboardInterrupt:
        sys.stdout.write("stopped\n")
    except CannotStart as error:
        sys.exit(error.sentence)
