"""The end of tasks that others' code runs in: it may swallow a cancellation."""

import asyncio

PATIENCE_SECONDS = 2.0


async def end(*tasks: "asyncio.Task[None]") -> None:
    """Cancel until all have ended: `wait_for` of Python 3.11, in nats-py, loses a cancellation that meets an answer."""
    still = set(tasks)
    while still:
        for task in still:
            task.cancel()
        _ended, still = await asyncio.wait(still, timeout=PATIENCE_SECONDS)
