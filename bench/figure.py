"""`figure`: from commit to figure."""

from rich.console import RenderableType

from bench.house import House
from bench.measure import Line


async def run(house: House) -> tuple[RenderableType, list[Line]]:
    """To be written."""
    return "figure: later", []
