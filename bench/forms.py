"""`forms`: a listing request by API and by HTML form."""

from rich.console import RenderableType

from bench.house import House
from bench.measure import Line


async def run(house: House) -> tuple[RenderableType, list[Line]]:
    """Waits for the registry."""
    return "forms: the registry is not here yet", []
