"""What is written for those who deploy says what the code does."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.gateway import PREFIXES
from services.mailing.mails.keys import DkimSettings, new_key, on_one_line
from services.nats_users import users_file
from services.upkeep.settings import UpkeepSettings
from shared.embedded.nats import binary
from shared.embedded.postgres import EXTENSIONS
from shared.settings import SERVICES, Settings
from shared.web.admission import Rates

ROOT = Path(__file__).parents[2]
SERVICE_FIELDS = Settings.model_fields | Rates.model_fields
ALL_FIELDS = SERVICE_FIELDS | DkimSettings.model_fields | UpkeepSettings.model_fields
FIELDS = {f"MAILLAGE_{name.upper()}": field for name, field in ALL_FIELDS.items()}
VARIABLES = [f"MAILLAGE_{name.upper()}" for name in SERVICE_FIELDS]
UNITS = ROOT / "deploy" / "systemd"
ONE_MACHINE = {"MAILLAGE_DATA", "MAILLAGE_DEMO", "MAILLAGE_EXAMPLES", "MAILLAGE_SMTP_IS_MAILBOX"}
SIGNING = {f"MAILLAGE_{name.upper()}" for name in DkimSettings.model_fields}
OPERATOR = {"MAILLAGE_OWNER_NATS_USER", "MAILLAGE_OWNER_NATS_PASSWORD"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found["services"]


def test_the_users_of_the_bus_are_those_of_the_cards() -> None:
    written = (ROOT / "deploy/nats-users.conf").read_text()
    assert written == users_file("so-cooperation"), "run: maillage bus users > deploy/nats-users.conf"


def test_the_bus_writes_to_disk_before_it_acknowledges() -> None:
    assert re.search(r"^\s*sync_interval: always$", (ROOT / "deploy/nats.conf").read_text(), re.MULTILINE)


def test_the_bus_reads_its_configuration() -> None:
    passwords = {f"NATS_PASSWORD_{name.upper()}": "s3cr3t" for name in ("owner", *SERVICES)}
    command = [binary(), "-t", "-c", ROOT / "deploy/nats.conf"]
    read = subprocess.run(command, env=passwords | {"NATS_NAME": "maillage"}, capture_output=True, check=False)
    assert read.returncode == 0, read.stderr.decode()


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_has_its_database_its_role_and_the_extensions(service: str) -> None:
    written = (ROOT / "deploy/postgres.sql").read_text()
    assert f"CREATE DATABASE {service} OWNER {service} " in written
    section = written.split(f"\\connect {service}\n")[1].split("\\connect")[0]
    assert set(re.findall(r"CREATE EXTENSION IF NOT EXISTS (\w+);", section)) == set(EXTENSIONS)


@pytest.mark.parametrize("service", SERVICES)
def test_the_gateway_sends_each_prefix_to_its_service(service: str) -> None:
    written = (ROOT / "deploy/Caddyfile").read_text()
    assert f":{service}:8000}}" in written
    if service == "registry":
        return
    paths = re.search(rf"@{service} path (.+)", written)
    assert paths is not None
    owned = [prefix for prefix, owner in PREFIXES.items() if owner == service] + [f"/api/{service}", f"/{service}"]
    expected = {pattern for prefix in owned for pattern in ([prefix] if "." in prefix else [prefix, f"{prefix}/*"])}
    assert set(paths[1].split()) == expected


@pytest.mark.parametrize("service", SERVICES)
def test_compose_tells_each_service_every_setting_and_no_other_services_password(
    compose: dict[str, Any], service: str
) -> None:
    told = compose[service]["environment"]
    assert set(told) == set(VARIABLES) - ONE_MACHINE - OPERATOR | (SIGNING if service == "mailing" else set())
    passwords = set(re.findall(r"\w+_PASSWORD_(\w+)", str(told)))
    assert passwords == {service.upper()}
    assert compose[service]["command"][:2] == ["run", service]


def test_podman_compose_reads_every_setting_too() -> None:
    """Its version 1.0 leaves a variable with an empty default as it is written, braces and all."""
    assert ":-}" not in (ROOT / "docker-compose.yml").read_text()


def test_only_those_that_speak_to_the_world_can(compose: dict[str, Any]) -> None:
    """The watch reads titles on the web, mails leave, the administrator is warned, and visitors come in."""
    out = {name for name, told in compose.items() if "outside" in told["networks"]}
    assert out == {"registry", "mailing", "watch", "gateway"}


def test_every_container_is_confined_and_the_image_is_nobodys(compose: dict[str, Any]) -> None:
    for name, told in compose.items():
        assert told["read_only"], name
        assert told["cap_drop"] == ["ALL"], name
        assert told["security_opt"] == ["no-new-privileges:true"], name
        assert "/tmp" in told["tmpfs"], name
        assert "privileged" not in told, name
    final = (ROOT / "deploy/Dockerfile").read_text().split("\nFROM ")[-1]
    assert re.search(r"^USER 1\d{4}:1\d{4}$", final, re.MULTILINE)


@pytest.mark.parametrize("variable", FIELDS)
def test_each_setting_is_explained_and_in_the_example(variable: str) -> None:
    explained = (ROOT / "docs/operate.md").read_text()
    example = (ROOT / ".env.example").read_text()
    field = FIELDS[variable]
    default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
    row = f"| `{variable}` | `{default}` |" if default else f"| `{variable}` | |"
    assert row in explained
    assert re.search(rf"^(# )?{variable}=", example, re.MULTILINE)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not on this machine")
def test_the_units_are_understood_by_systemd(tmp_path: Path) -> None:
    for unit in UNITS.glob("maillage*.*"):
        (tmp_path / unit.name).write_text(re.sub(r"/opt/maillage/current/bin/\S+", "/bin/true", unit.read_text()))
    (tmp_path / "maillage@.service").rename(tmp_path / "maillage@registry.service")
    names = sorted(str(unit) for unit in tmp_path.iterdir())
    checked = subprocess.run(
        ["systemd-analyze", "verify", *names], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda unit: unit.name)
def test_no_unit_is_root_or_writes_beyond_its_own(unit: Path) -> None:
    written = unit.read_text()
    for line in ("User=maillage", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet="):
        assert f"\n{line}\n" in written


def test_on_one_machine_the_stream_is_purged_of_whoever_was_erased_as_in_containers(compose: dict[str, Any]) -> None:
    unit = (UNITS / "maillage-erasures.service").read_text()
    assert f"/bin/maillage {' '.join(compose['erasures']['command'])}\n" in unit
    assert "PartOf=maillage.target" in unit, "a restore waits until nobody speaks to the databases"
    assert re.search(r"^Wants=.* maillage-erasures\.service$", (UNITS / "maillage.target").read_text(), re.MULTILINE)


def test_each_unit_finds_its_settings_and_only_its_own_passwords(tmp_path: Path) -> None:
    source, etc = tmp_path / "source", tmp_path / "etc"
    shutil.copytree(ROOT / "deploy", source / "deploy")
    shutil.copy(ROOT / ".env.example", source)
    subprocess.run(["sh", source / "deploy/secrets.sh"], check=True, capture_output=True)
    subprocess.run(["sh", source / "deploy/environment.sh", etc], check=True, capture_output=True)
    for name in SERVICES:
        told = (etc / f"{name}.env").read_text()
        assert f"postgresql://{name}:s" in told
        assert set(re.findall(r"^(?:MAILLAGE_)?([A-Z_]+)=", told, re.MULTILINE)) == {
            "PORT",
            "DATABASE_URL",
            "NATS_USER",
            "NATS_PASSWORD",
        }
        assert (etc / f"{name}.env").stat().st_mode & 0o077 == 0
    assert (etc / "pgpass").read_text().count("127.0.0.1:5432:") == len(SERVICES)
    read = subprocess.run(
        ["sh", "-c", f"set -a; . {etc}/maillage.env; . {etc}/operator.env; env"], capture_output=True, check=True
    ).stdout.decode()
    assert "MAILLAGE_DATABASE_URL=postgresql://{service}@127.0.0.1:5432/{service}" in read
    assert "MAILLAGE_NETWORK_NAME=SO Coopération" in read
    assert "MAILLAGE_TRUSTED_PROXIES=127.0.0.1, ::1" in read, "Caddy is here: else everybody is this machine, uncounted"
    bus = dict(line.split("=", 1) for line in (etc / "nats.env").read_text().splitlines())
    command = [binary(), "-t", "-c", etc / "nats.conf"]
    assert subprocess.run(command, env=bus, capture_output=True, check=False).returncode == 0
    assert "0.0.0.0" not in (etc / "nats.conf").read_text()


def test_the_key_that_signs_is_told_to_whoever_sends_and_to_nobody_else(tmp_path: Path) -> None:
    source, etc = tmp_path / "source", tmp_path / "etc"
    shutil.copytree(ROOT / "deploy", source / "deploy")
    written = (ROOT / ".env.example").read_text()
    key = on_one_line(new_key("ed25519"))
    (source / ".env").write_text(written.replace("MAILLAGE_DKIM_KEY=", f"MAILLAGE_DKIM_KEY={key}"))
    subprocess.run(["sh", source / "deploy/environment.sh", etc], check=True, capture_output=True)
    told = {file.name for file in etc.iterdir() if f"MAILLAGE_DKIM_KEY={key}\n" in file.read_text()}
    assert told == {"mailing.env", "operator.env"}
