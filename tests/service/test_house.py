"""The house stands: four services answer, their bus makes its round trip, strangers to a stream are refused."""

import httpx
import pytest

from tests.conftest import eventually

SERVICES = ("registry", "events", "mailing", "observatory")


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_is_ready_and_its_bus_makes_the_round_trip(client: httpx.AsyncClient, service: str) -> None:
    async def ready_with_its_bus() -> bool:
        answer = await client.get(f"/{service}/health/ready")
        return answer.status_code == 200 and answer.json()["bus"] == "ok"

    assert await eventually(ready_with_its_bus, 15)


@pytest.mark.parametrize("service", SERVICES)
async def test_openapi_and_asyncapi_are_served(client: httpx.AsyncClient, service: str) -> None:
    openapi = (await client.get(f"/api/{service}/openapi.json")).json()
    asyncapi = (await client.get(f"/api/{service}/asyncapi.json")).json()
    assert openapi["openapi"].startswith("3.")
    assert asyncapi["asyncapi"] == "3.0.0"


async def test_a_null_byte_in_an_address_is_refused_with_a_sentence(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/registry/v1/organisations?q=%00")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"]


async def test_a_body_of_ten_megabytes_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/registry/v1/listing-requests", content=b"x" * 10_000_000)
    assert answer.status_code == 413
