"""What the observatory does by the clock: it listens to its own database for the readers of live pages."""

from services.erasing import Counts, Erasure, erase_traces, erasing
from services.observatory.live import follow_the_figures
from shared.chores import Chore
from shared.contracts.observatory import ObservatoryPersonErased
from shared.db import Tx


async def erase_nobody(erasure: Erasure, tx: Tx) -> tuple[Counts, bool]:
    """It never knew anybody: figures are made of facts, which stay."""
    return await erase_traces(erasure, tx), True


CHORES = (
    Chore("follow the figures", 1, follow_the_figures),
    erasing(erase_nobody, ObservatoryPersonErased),
)
