"""What CI asks beside the tests: a secret in a file fails the run, an advisory service that is away does not."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "audit.py"
PLANTED = {
    "key.py": 'AWS = "AKIA' + "IOSFODNN7" + 'ABCDEFG"\n',
    "key.pem": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\n",
    "settings.ini": "password" + ' = "tres-' + "long-et-" + 'secret-9f3"\n',
    "token.txt": "https://equipe:" + "hunter2hunter2" + "@reseau.fr/\n",
}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    told = importlib.util.spec_from_file_location("audit", SCRIPT)
    assert told is not None
    assert told.loader is not None
    made = importlib.util.module_from_spec(told)
    told.loader.exec_module(made)
    return made


def test_a_planted_secret_fails_the_run_and_is_named_by_its_place(
    audit: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clean.py").write_text('GREETING = "bonjour"\n')
    assert audit.secrets(["clean.py"], tmp_path) == 0
    for name, text in PLANTED.items():
        (tmp_path / name).write_text(text)
    capsys.readouterr()
    assert audit.secrets(["clean.py", *PLANTED], tmp_path) == 1
    said = capsys.readouterr().out
    assert [name for name in PLANTED if name not in said] == []
    assert "clean.py" not in said


def test_every_file_where_a_person_writes_is_looked_into(audit: ModuleType) -> None:
    names = audit.looked_into(audit.tracked())
    assert {".env.example", "docker-compose.yml", "services/gateway.py", "docs/operate.md", ".ci/run"} <= set(names)
    assert "requirements/run.txt" not in names


def test_no_file_of_the_repository_holds_a_secret(audit: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.secrets(audit.tracked()) == 0, capsys.readouterr().out


def test_a_fault_that_is_known_fails_and_a_library_that_nobody_knows_is_said(audit: ModuleType) -> None:
    sound = {"name": "starlette", "version": "1", "vulns": []}
    fault = {"name": "jinja2", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
    unknown = {"name": "limits", "skip_reason": "not found"}
    assert audit.judged({"dependencies": [sound]}) == (0, ["1 libraries audited."])
    status, said = audit.judged({"dependencies": [sound, fault, unknown]})
    assert status == 1
    assert said[0] == "jinja2 2: PYSEC-1, cured in 3"
    assert "did not know 1 libraries" in said[-1]
    assert audit.judged({"dependencies": [unknown]})[0] == 0


def test_an_advisory_service_that_is_away_is_said_and_fails_nothing() -> None:
    code = f"import runpy; sys = runpy.run_path({str(SCRIPT)!r}); raise SystemExit(sys['advisories']())"
    away = os.environ | dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), "http://127.0.0.1:9")
    away |= {"NO_PROXY": "", "no_proxy": ""}
    asked = subprocess.run(
        [sys.executable, "-c", code], env=away, capture_output=True, text=True, timeout=120, check=False
    )
    assert asked.returncode == 0, asked.stderr
    assert "were not audited" in asked.stdout
