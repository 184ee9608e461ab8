"""`maillage doctor` and `maillage watch` on a running house: sentences that say what to do, and a mail that leaves."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.embedded import House
from tests.conftest import Mailbox, anybody, standing
from tests.e2e.whole import Ended, command


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house of its own: what other tests broke on purpose would be found."""
    async with standing(tmp_path_factory.mktemp("doctor")) as here:
        yield here


@pytest.fixture(scope="module")
async def mailbox(house: House) -> AsyncIterator[Mailbox]:
    async with anybody(house) as client:
        yield Mailbox(client)


async def ask(house: House, *words: str, **more: str) -> Ended:
    return await command(house.settings.data, *words, MAILLAGE_PUBLIC_URL=house.settings.public_url, **more)


async def test_a_running_house_is_examined_from_end_to_end(house: House, tmp_path: Path) -> None:
    said = (await ask(house, "doctor", MAILLAGE_BACKUPS=str(tmp_path))).said
    for good in (
        "✓ Base registry",
        "✓ Base observatory",
        "✓ L’horloge de PostgreSQL",
        "✓ L’horloge de NATS",
        "✓ Flux FACTS",
        "✓ mailing répond",
        "✓ Peuvent entrer dans l’espace équipe",
    ):
        assert good in said, said
    assert "sont capturés sur cette machine" in said
    assert "lignes par jour" in said


async def test_doctor_ends_with_status_1_where_something_is_wrong(house: House, tmp_path: Path) -> None:
    ended = await ask(house, "doctor", MAILLAGE_BACKUPS=str(tmp_path))
    assert ended.code == 1
    assert f"Lancez maillage backup {tmp_path}" in ended.out


async def test_doctor_says_what_does_not_answer(house: House) -> None:
    ended = await ask(
        house,
        "doctor",
        MAILLAGE_DATABASE_URL="postgresql://{service}@127.0.0.1:9/{service}",
        MAILLAGE_NATS_URL="nats://127.0.0.1:9",
    )
    assert ended.code == 1
    assert "✗ La base registry ne répond pas" in ended.out
    assert "✗ NATS ne répond pas" in ended.out
    assert "MAILLAGE_PRODUCTION n’est pas à true" in ended.out


async def test_the_administrator_is_written_to_once_and_once_when_it_is_over(
    house: House, mailbox: Mailbox, tmp_path: Path
) -> None:
    admin = "administration@reseau.example"
    told = {"MAILLAGE_BACKUPS": str(tmp_path), "MAILLAGE_ADMIN_EMAIL": admin}
    words = ("watch", "--state", str(tmp_path / "state" / "watch.json"))
    assert "backup:" in (await ask(house, *words, **told)).out
    await ask(house, *words, **told)
    first = await mailbox.to(admin)
    assert [one["subject"].split("] ")[1] for one in first] == ["À regarder\u00a0: la sauvegarde"]
    assert "maillage doctor" in first[0]["text"]
    await ask(house, "backup", str(tmp_path))
    await ask(house, *words, **told)
    await ask(house, *words, **told)
    subjects = [one["subject"].split("] ")[1] for one in await mailbox.to(admin)]
    assert subjects == ["Tout va bien de nouveau", "À regarder\u00a0: la sauvegarde"]
