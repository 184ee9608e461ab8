"""What was counted really happened: facts on the stream, figures that people see."""

import asyncio
import time

import nats

from bench.house import House
from bench.measure import Failed
from bench.servers import NETWORK
from shared.contracts import FACTS

PATIENCE_SECONDS = 60
QUIET_SECONDS = 2.0


async def settled(house: House, seconds: float = 45) -> bool:
    """Wait for the mail of the bench before to have left; False when it is still leaving after `seconds`."""
    before, quiet_since = house.letters(), time.monotonic()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if time.monotonic() - quiet_since > QUIET_SECONDS:
            return True
        await asyncio.sleep(0.5)
        if house.letters() != before:
            before, quiet_since = house.letters(), time.monotonic()
    return False


async def followed(house: House, indicator: str, contract: str, wanted: int) -> str:
    """Wait until `wanted` facts are on the stream and the observatory's figure says so; a sentence."""
    client = await nats.connect(house.nats["bench"])
    subject = f"maillage.{NETWORK}.{contract}"
    facts, figure = 0, 0
    try:
        for _ in range(PATIENCE_SECONDS * 2):
            told = await client.jetstream().stream_info(FACTS, subjects_filter=subject)
            facts = (told.state.subjects or {}).get(subject, 0)
            figure = await figure_of(house, indicator)
            if facts == figure == wanted:
                letters = f"{house.letters()} letters sent so far"
                return f"= {facts} facts on the stream = {figure} in the observatory; {letters}"
            await asyncio.sleep(0.5)
    finally:
        await client.close()
    raise Failed(f"{wanted} {indicator} wanted: {facts} on the stream, {figure} in the figure")


async def figure_of(house: House, indicator: str) -> int:
    """The figure as the public API gives it, all time."""
    async with house.client("observatory") as client:
        answer = await client.get(f"/api/observatory/v1/indicators/{indicator}")
    answer.raise_for_status()
    return int(answer.json()["value"])
