"""Asking to be listed, publishing, and finding it: through the API, on real servers."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from services.embedded import House
from services.registry.commands import archive_organisation
from tests.conftest import eventually

REQUESTS = "/api/registry/v1/listing-requests"
ORGANISATIONS = "/api/registry/v1/organisations"


def asked(number: int, **more: Any) -> dict[str, Any]:
    """A believable request that no other test has made."""
    return {
        "name": f"Puits et Partage {number}",
        "college": "associations",
        "kind": "association",
        "commune_code": "24322",
        "description": "Nous réparons des forages avec les comités d’usagers de douze villages.",
        "themes": ["eau-assainissement-hygiene"],
        "sdgs": [6, 17],
        "countries": ["BF"],
        "contact_name": "Awa Lacoste",
        "contact_email": f"awa{number}@puits-partage.example",
        "consent_listing": True,
    } | more


async def published(staff: httpx.AsyncClient, client: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    made = (await client.post(REQUESTS, json=body)).json()
    answer = await staff.post(f"{REQUESTS}/{made['id']}/publication")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_structure_asks_and_is_published_and_found(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    answer = await client.post(REQUESTS, json=asked(number))
    assert answer.status_code == 201
    assert answer.json() == {"id": answer.json()["id"], "status": "requested"}
    done = (await staff.post(f"{REQUESTS}/{answer.json()['id']}/publication")).json()
    assert done["status"] == "published"
    found = (await client.get(f"{ORGANISATIONS}/{done['slug']}")).json()
    assert (found["name"], found["department"]) == (f"Puits et Partage {number}", "24")
    assert (await client.get(f"{ORGANISATIONS}/{done['organisation_id']}")).json() == found


async def test_the_directory_ignores_accents_plurals_and_forgives_a_slip(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    name = f"Comité des écoles rurales Zébulon{number}"
    done = await published(staff, client, asked(number, name=name))
    for q in ("ecole rurale", "ÉCOLES", f"zebulon{number}", "comite ecoles"):
        items = (await client.get(ORGANISATIONS, params={"q": q, "limit": 100})).json()["items"]
        assert done["slug"] in [one["slug"] for one in items], q
    near = (await client.get(ORGANISATIONS, params={"q": f"zebullon{number}"})).json()["items"]
    assert done["slug"] in [one["slug"] for one in near]


async def test_facets_count_what_a_choice_would_give(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    word = f"facettes{number}"
    await published(staff, client, asked(number, name=f"Une {word}"))
    await published(staff, client, asked(number, name=f"Deux {word}", college="collectivites", commune_code="33063"))
    page = (await client.get(ORGANISATIONS, params={"q": word, "college": "associations"})).json()
    assert page["total"] == 1
    assert {one["key"]: one["count"] for one in page["facets"]["college"]} == {"associations": 1, "collectivites": 1}
    assert {one["key"]: one["count"] for one in page["facets"]["department"]} == {"24": 1}


async def test_a_structure_that_leaves_is_counted_no_more(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, house: House, number: int
) -> None:
    word = f"partante{number}"
    done = await published(staff, client, asked(number, name=f"Une {word}"))
    await published(staff, client, asked(number, name=f"Deux {word}"))
    assert (await client.get(ORGANISATIONS, params={"q": word})).json()["total"] == 2
    registry = house.services["registry"].db
    async with registry.transaction() as tx:
        await archive_organisation(UUID(done["organisation_id"]), tx)
    assert (await client.get(ORGANISATIONS, params={"q": word})).json()["total"] == 1
    async with registry.transaction() as tx:
        await tx.execute("DELETE FROM listing_request WHERE name LIKE $1", f"%{word}")
        await tx.execute("DELETE FROM organisation WHERE name LIKE $1", f"%{word}")
    page = (await client.get(ORGANISATIONS, params={"q": word})).json()
    assert (page["total"], page["facets"]["college"]) == (0, [])


async def test_pages_by_cursor_show_everything_once(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    word = f"pages{number}"
    for letter in "dacbe":
        await published(staff, client, asked(number, name=f"{letter} {word}"))
    names: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await client.get(ORGANISATIONS, params={"q": word, "limit": 2, "cursor": cursor})).json()
        names += [one["name"] for one in page["items"]]
        cursor = page["next"]
    assert names == [f"{letter} {word}" for letter in "abcde"]


async def test_the_same_form_sent_twice_is_one_request(client: httpx.AsyncClient, number: int) -> None:
    first = await client.post(REQUESTS, json=asked(number))
    again = await client.post(REQUESTS, json=asked(number))
    assert first.json() == again.json()


async def test_the_same_key_with_another_body_is_a_new_request(client: httpx.AsyncClient, number: int) -> None:
    headers = {"Idempotency-Key": f"key-{number}"}
    first = await client.post(REQUESTS, json=asked(number), headers=headers)
    again = await client.post(REQUESTS, json=asked(number), headers=headers)
    other = await client.post(REQUESTS, json=asked(number, name=f"Une autre {number}"), headers=headers)
    assert first.json()["id"] == again.json()["id"] != other.json()["id"]


@pytest.mark.parametrize("field", ["rna", "siret"])
async def test_a_published_number_is_refused_and_one_under_review_is_flagged(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int, field: str
) -> None:
    value = f"W{241_000_000 + number}" if field == "rna" else _siret(number)
    first = await client.post(REQUESTS, json=asked(number, **{field: value}))
    second = await client.post(REQUESTS, json=asked(number, name=f"Autre nom {number}", **{field: value}))
    assert (first.status_code, second.status_code) == (201, 201)
    flagged = (await staff.get(f"{REQUESTS}/{second.json()['id']}")).json()
    assert flagged["flagged_double"]
    done = (await staff.post(f"{REQUESTS}/{first.json()['id']}/publication")).json()
    third = await client.post(REQUESTS, json=asked(number, name=f"Troisième {number}", **{field: value}))
    assert third.status_code == 409
    problem = third.json()
    assert "est-ce vous" in problem["detail"]
    assert problem["errors"][0]["field"] == field
    assert problem["profile_url"].endswith(done["slug"])
    late = await staff.post(f"{REQUESTS}/{second.json()['id']}/publication")
    assert late.status_code == 409


def _siret(number: int) -> str:
    def key(digits: str) -> str:
        doubled = [int(one) * (2 if place % 2 == 0 else 1) for place, one in enumerate(reversed(digits))]
        return str(-sum(one - 9 if one > 9 else one for one in doubled) % 10)

    siren = f"{81_000_000 + number:08d}"
    siren += key(siren)
    return siren + "0001" + key(siren + "0001")


async def test_a_known_siren_is_no_refusal(client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int) -> None:
    siren = _siret(number)[:9]
    await published(staff, client, asked(number, siren=siren))
    answer = await client.post(REQUESTS, json=asked(number, name=f"Antenne {number}", siren=siren))
    assert answer.status_code == 201


async def test_the_team_alone_reads_and_decides(client: httpx.AsyncClient, number: int) -> None:
    made = (await client.post(REQUESTS, json=asked(number))).json()
    for method, path in (
        ("GET", REQUESTS),
        ("GET", f"{REQUESTS}/{made['id']}"),
        ("POST", f"{REQUESTS}/{made['id']}/publication"),
        ("POST", f"{REQUESTS}/{made['id']}/refusal"),
        ("POST", f"{REQUESTS}/{made['id']}/information"),
    ):
        answer = await client.request(method, path, json={"reason": "x", "message": "x"} if method == "POST" else None)
        assert answer.status_code == 401, path


async def test_a_refusal_needs_its_reason_and_comes_once(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    made = (await client.post(REQUESTS, json=asked(number))).json()
    bare = await staff.post(f"{REQUESTS}/{made['id']}/refusal", json={})
    assert (bare.status_code, bare.json()["errors"][0]["field"]) == (422, "reason")
    done = await staff.post(f"{REQUESTS}/{made['id']}/refusal", json={"reason": "Hors de la région."})
    assert done.json()["status"] == "refused"
    assert (await staff.post(f"{REQUESTS}/{made['id']}/publication")).status_code == 409


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"name": None}, "name", "texte"),
        ({"name": "A"}, "name", "trop courte"),
        ({"name": "<script>x</script>"}, "name", "balise"),
        ({"name": "Puits\x00"}, "name", "invisibles"),
        ({"college": "ONG"}, "college", "collèges"),
        ({"commune_code": "00000"}, "commune_code", "commune"),
        ({"siren": "732829321"}, "siren", "SIREN"),
        ({"rna": "24100"}, "rna", "RNA"),
        ({"sdgs": [18]}, "sdgs-0", "1 à 17"),
        ({"sdgs": []}, "sdgs", "au moins une"),
        ({"countries": ["ZZ"]}, "countries-0", "pays"),
        ({"contact_email": "a@b.example\r\nBcc: x@y.example"}, "contact_email", "seule ligne"),
        ({"consent_listing": False}, "consent_listing", "accord"),
        ({"description": "x" * 2_001}, "description", "trop longue"),
    ],
)
async def test_a_wrong_answer_gets_its_sentence(
    client: httpx.AsyncClient, number: int, change: dict[str, Any], field: str, words: str
) -> None:
    answer = await client.post(REQUESTS, json=asked(number) | change)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    errors = {one["field"]: one["message"] for one in answer.json()["errors"]}
    assert words in errors[field]


async def test_what_is_not_json_gets_a_sentence(client: httpx.AsyncClient) -> None:
    answer = await client.post(REQUESTS, content=b"{not json", headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert "JSON" in answer.json()["errors"][0]["message"]


async def test_an_unknown_request_is_not_found(staff: httpx.AsyncClient) -> None:
    for name in ("019401f0-0000-7000-8000-000000000001", "nothing"):
        assert (await staff.post(f"{REQUESTS}/{name}/publication")).status_code == 404


async def test_the_fact_of_a_publication_reaches_the_observatory(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, house: House, number: int
) -> None:
    done = await published(staff, client, asked(number))

    async def kept() -> bool:
        async with house.services["observatory"].db.reading() as tx:
            return bool(await tx.fetchval("SELECT true FROM fact WHERE body->>'slug' = $1", done["slug"]))

    assert await eventually(kept)
