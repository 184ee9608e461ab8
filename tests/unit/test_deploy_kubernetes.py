"""The Kubernetes manifests say what the code does: settings that exist, ports that match, nobody root, lag watched."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.requests import Request

from services.gateway import PREFIXES
from services.houses import CARDS
from services.mailing.mails.keys import DkimSettings
from services.nats_users import users_file
from services.registry.outbound import is_public
from shared.embedded.nats import binary
from shared.settings import SERVICES, Settings
from shared.web.admission import Rates, client_of

ROOT = Path(__file__).parents[2] / "deploy/kubernetes"
VARIABLES = {
    f"MAILLAGE_{name.upper()}" for name in Settings.model_fields | DkimSettings.model_fields | Rates.model_fields
}


def documents(folder: str) -> list[dict[str, Any]]:
    files = sorted((ROOT / folder).glob("*.yaml"))
    return [one for file in files for one in yaml.safe_load_all(file.read_text()) if one]


def found(folder: str, kind: str, name: str) -> dict[str, Any]:
    [one] = [one for one in documents(folder) if one["kind"] == kind and one.get("metadata", {}).get("name") == name]
    return one


def pod_of(one: dict[str, Any]) -> dict[str, Any]:
    pod: dict[str, Any] = one["spec"]["template"]["spec"]
    return pod


PODS = [
    ("base", "Deployment", "every-service"),
    ("base", "StatefulSet", "nats"),
    ("base", "Deployment", "erasures"),
    ("before", "Job", "maillage-before"),
    ("after", "Job", "maillage-after"),
]


def test_every_setting_named_in_the_manifests_exists() -> None:
    named = {word for file in ROOT.rglob("*.*") for word in re.findall(r"MAILLAGE_[A-Z_]+", file.read_text())}
    assert named - VARIABLES == set()
    needed = set(re.findall(r"\{(MAILLAGE_[A-Z_]+):\?", (ROOT.parents[1] / "docker-compose.yml").read_text()))
    assert len(needed) > 5
    assert needed <= named


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_its_command_its_probes_and_its_own_secret_alone(service: str) -> None:
    [container] = pod_of(found("base", "Deployment", service))["containers"]
    assert container["name"] == "service", "every-service.yaml is laid on this name"
    assert container["args"] == ["run", service, "--host", "0.0.0.0", "--port", "8000"]
    assert container["readinessProbe"]["httpGet"] == {"path": f"/{service}/health/ready", "port": "http"}
    assert container["livenessProbe"]["httpGet"] == {"path": f"/{service}/health/live", "port": "http"}
    told = [one.get("secretRef", one.get("configMapRef"))["name"] for one in container["envFrom"]]
    assert told == ["maillage-settings", "maillage", f"maillage-{service}"]
    [port] = found("base", "Service", service)["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (8000, "http")


def test_the_port_is_the_one_that_services_listen_on() -> None:
    [container] = pod_of(found("base", "Deployment", "every-service"))["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": 8000}]


@pytest.mark.parametrize(("folder", "kind", "name"), PODS)
def test_nobody_is_root_and_nothing_is_written_but_where_it_is_said(folder: str, kind: str, name: str) -> None:
    pod = pod_of(found(folder, kind, name))
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] >= 10_000
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(container["resources"]) == {"requests", "limits"}


def test_the_registry_reads_the_public_web_and_nothing_inside_by_it() -> None:
    [egress] = found("base", "NetworkPolicy", "registry-reads-the-web")["spec"]["egress"]
    [block] = [one["ipBlock"] for one in egress["to"]]
    assert [one["port"] for one in egress["ports"]] == [80, 443]
    assert not any(is_public(inside.partition("/")[0]) for inside in block["except"])


def test_whoever_was_erased_is_purged_as_compose_does() -> None:
    compose = yaml.safe_load((ROOT.parents[1] / "docker-compose.yml").read_text())["services"]["erasures"]
    [container] = pod_of(found("base", "Deployment", "erasures"))["containers"]
    assert container["command"][-1].endswith(f"exec maillage {' '.join(compose['command'])}")


def test_a_service_has_the_time_to_drain() -> None:
    pod = pod_of(found("base", "Deployment", "every-service"))
    pause = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] >= pause + 20


def test_the_user_of_the_manifests_is_the_images() -> None:
    dockerfile = (ROOT.parent / "Dockerfile").read_text()
    user = pod_of(found("base", "Deployment", "every-service"))["securityContext"]["runAsUser"]
    assert f"USER {user}:{user}" in dockerfile


def test_the_ingress_sends_each_prefix_to_its_service_and_hides_the_measures() -> None:
    [rule] = found("base", "Ingress", "maillage")["spec"]["rules"]
    sent = {one["path"]: (one["pathType"], one["backend"]["service"]["name"]) for one in rule["http"]["paths"]}
    owned = [*PREFIXES.items(), *((f"/{kind}{name}", name) for name in SERVICES for kind in ("api/", ""))]
    expected = {path: ("Exact" if "." in path else "Prefix", name) for path, name in owned if name != "registry"}
    expected |= {f"/{name}/metrics": ("Exact", "nowhere") for name in SERVICES} | {"/": ("Prefix", "registry")}
    assert sent == expected
    assert "selector" not in found("base", "Service", "nowhere")["spec"]


def test_the_users_of_the_bus_are_those_of_the_cards() -> None:
    written = (ROOT / "base/nats-users.conf").read_text()
    assert written == users_file("so-cooperation"), "run: maillage bus users > deploy/kubernetes/base/nats-users.conf"


def test_the_three_servers_of_the_bus_read_their_configuration_and_write_to_disk_first() -> None:
    passwords = {f"NATS_PASSWORD_{name.upper()}": "s3cr3t" for name in ("owner", *SERVICES)}
    command = [binary(), "-t", "-c", ROOT / "base/nats.conf"]
    read = subprocess.run(command, env=passwords | {"NATS_NAME": "nats-0"}, capture_output=True, check=False)
    assert read.returncode == 0, read.stderr.decode()
    written = (ROOT / "base/nats.conf").read_text()
    assert re.search(r"^\s*sync_interval: always$", written, re.MULTILINE)
    servers = found("base", "StatefulSet", "nats")["spec"]["replicas"]
    assert re.findall(r"nats://nats-(\d)\.nats:6222", written) == [str(number) for number in range(servers)]
    [settings] = [one for one in found_generators("base") if one["name"] == "maillage-settings"]
    assert f"MAILLAGE_NATS_REPLICAS={servers}" in settings["literals"]


def test_the_gateway_of_the_cluster_is_believed_about_who_asks() -> None:
    [settings] = [one for one in found_generators("base") if one["name"] == "maillage-settings"]
    [told] = [one for one in settings["literals"] if one.startswith("MAILLAGE_TRUSTED_PROXIES=")]
    request = {"type": "http", "client": ("10.42.0.9", 1), "headers": [(b"x-forwarded-for", b"203.0.113.7")]}
    found = client_of(Request(request), Rates(trusted_proxies=told.partition("=")[2]).trusted)
    assert str(found) == "203.0.113.7", "else everybody is one client, and the sixty-first in a minute is refused"


def found_generators(folder: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = yaml.safe_load((ROOT / folder / "kustomization.yaml").read_text())[
        "configMapGenerator"
    ]
    return made


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_grows_on_the_lag_of_its_own_consumers(service: str) -> None:
    triggers = found("autoscaling", "ScaledObject", service)["spec"]["triggers"]
    watched = {(t["metadata"]["stream"], t["metadata"]["consumer"]) for t in triggers if t["type"] == "nats-jetstream"}
    card = CARDS[service]
    assert watched == {(stream, card.durable(stream)) for stream in card.streams}


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@pytest.mark.parametrize("folder", ["base", "example", "example/before", "example/after"])
def test_kustomize_builds_it(folder: str) -> None:
    built = subprocess.run(["kubectl", "kustomize", ROOT / folder], capture_output=True, check=False)
    assert built.returncode == 0, built.stderr.decode()
    made = [one for one in yaml.safe_load_all(built.stdout) if one]
    for one in made:
        if one["kind"] == "Deployment":
            assert pod_of(one)["securityContext"]["runAsNonRoot"]
            ours = folder == "base" or one["metadata"]["name"] == "erasures"
            assert ("replicas" in one["spec"]) == ours, "with KEDA, how many is not ours to say"
        assert folder == "base" or one["kind"] == "Namespace" or one["metadata"]["namespace"] == "maillage"
