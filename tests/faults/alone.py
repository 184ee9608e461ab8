"""A house of one process for the faults that need servers of their own, seen as the town is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from shared.web.session import new_session
from tests.conftest import standing
from tests.e2e.apart import Apart
from tests.faults.report import ACK_WAIT


@asynccontextmanager
async def alone(folder: Path, **settings: Any) -> AsyncIterator[Apart]:
    """Four services in this process, their servers in `folder`; addresses, databases and mail as `Apart` gives them."""
    async with standing(folder, **{"ack_wait": ACK_WAIT} | settings) as house:
        url = house.settings.public_url
        token = house.services["registry"].signer.session(new_session("staff"), "api-token")
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            httpx.AsyncClient(base_url=url, timeout=20) as client,
            httpx.AsyncClient(base_url=url, timeout=20, headers=headers) as staff,
        ):
            town = Apart(folder, house.system, url, {}, {}, client=client, staff=staff)
            try:
                yield town
            finally:
                await town.close()
