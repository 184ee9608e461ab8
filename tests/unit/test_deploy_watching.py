"""What the dashboard and the alerts ask of Prometheus is what the services tell it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from services.houses import CARDS
from services.mailing import measures
from shared import metrics

ROOT = Path(__file__).parents[2]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/maillage.json").read_text())
RULES = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())["groups"][0]["rules"]
ASKED = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
EXPRESSIONS = [*ASKED, *(rule["expr"] for rule in RULES), "label_values(maillage_bus_up, service)"]
OF_PROMETHEUS = {"up", "job", "instance", "le"}
WORDS = {"by", "sum", "max", "min", "rate", "topk", "histogram_quantile", "label_values"}


def told() -> dict[str, set[str]]:
    """Every series the processes expose, with its labels; the default ones of a process too."""
    ours = [one for module in (metrics, measures) for one in vars(module).values() if hasattr(one, "_labelnames")]
    found: dict[str, set[str]] = {}
    for one in ours:
        for family in one.describe():
            suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(family.type, ("",))
            found |= {family.name + suffix: set(one._labelnames) for suffix in suffixes}
    return found | {family.name: set() for family in REGISTRY.collect() if family.name.startswith("process_")}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_series_and_label_that_is_asked_for_is_told(expression: str) -> None:
    series = told()
    without_values = re.sub(r'"[^"]*"|\[[^\]]*\]', "", expression)
    words = set(re.findall(r"[a-z_]{2,}", without_values)) - WORDS
    asked = {word for word in words if word in series}
    assert asked or words & {"up"}, expression
    labels = set().union(*(series[name] for name in asked))
    assert words - asked - labels - OF_PROMETHEUS == set()


def test_a_series_that_nobody_tells_would_be_found() -> None:
    with pytest.raises(AssertionError):
        test_every_series_and_label_that_is_asked_for_is_told("max by (service) (maillage_invented)")


@pytest.mark.parametrize("name", sorted(name for name in told() if name.startswith("maillage_")))
def test_everything_told_is_on_the_dashboard(name: str) -> None:
    assert name.endswith("_sum") or any(name in expression for expression in ASKED)


def test_each_alert_says_what_to_do() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["todo"]
        assert rule["for"]


def test_the_panels_do_not_lie_on_each_other() -> None:
    cells = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_prometheus_finds_each_service_on_its_path() -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    [job] = config["scrape_configs"]
    assert job["job_name"] == "maillage"
    [step] = job["relabel_configs"]
    paths = {
        re.sub(f"^{step['regex']}$", step["replacement"].replace("$1", r"\1"), target)
        for target in job["static_configs"][0]["targets"]
    }
    assert paths == {f"/{name}/metrics" for name in CARDS}
