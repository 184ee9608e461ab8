"""The examples that the embedded mode loads once: the season of 2020, and the fictional one."""

from services.embedded import House


async def load_once(here: House) -> None:
    """Load what the data folder does not hold yet, with a progress bar."""
