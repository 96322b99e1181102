"""Rules, dashboards, scalers and documents speak of metrics that exist."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from portal import conf, gauges, readings
from portal.core import metrics as counted  # noqa: F401 (defines them)

DEPLOY = conf.ROOT / "deploy"
MONITORING = DEPLOY / "monitoring"
#: Of Prometheus, Kubernetes and the client library itself.
FOREIGN = {
    "up", "ALERTS", "kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes",
    "kube_cronjob_status_last_successful_time", "process_resident_memory_bytes",
    "process_cpu_seconds_total",
}  # fmt: skip
SUFFIXES = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("_total",), "gauge": ("",)}
_NAME = re.compile(r"\b(?:portal[:_][a-z0-9_:]+|kube(?:let)?_\w+|process_\w+)\b")


def exposed() -> dict[str, str]:
    """Names of the families, as /metrics gives them, and what kind each is."""
    registries = (REGISTRY, gauges.PROCESS)
    found = {f.name: f.type for registry in registries for f in registry.collect()}
    collector = gauges.InstallationCollector(
        demand=lambda: readings.Demand({}), supply=readings.Supply
    )
    found |= {family.name: family.type for family in collector.collect()}
    return {name: kind for name, kind in found.items() if name.startswith("portal")}


@pytest.fixture(scope="module")
def series() -> set[str]:
    names = {name + end for name, kind in exposed().items() for end in SUFFIXES[kind]}
    return names | {rule["record"] for rule in rules() if "record" in rule} | FOREIGN


def rules() -> Iterator[dict[str, Any]]:
    for path in sorted((MONITORING / "rules").glob("*.yaml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def unknown(expression: str, series: set[str]) -> set[str]:
    without_strings = re.sub(r'"[^"]*"', '""', expression)
    return set(_NAME.findall(without_strings)) - series


def test_every_rule_asks_for_metrics_that_exist(series: set[str]) -> None:
    for rule in rules():
        missing = unknown(rule["expr"], series)
        assert not missing, f"{rule.get('alert') or rule['record']}: {missing}"


@pytest.mark.parametrize("path", sorted((MONITORING / "dashboards").glob("*.json")), ids=str)
def test_every_panel_asks_for_metrics_that_exist(path: Any, series: set[str]) -> None:
    dashboard = json.loads(path.read_text())
    asked = [t["expr"] for panel in dashboard["panels"] for t in panel.get("targets", [])]
    assert asked
    for expression in asked:
        assert _NAME.search(expression), expression
        assert not unknown(expression, series), expression


def test_every_scaler_asks_for_metrics_that_exist(series: set[str]) -> None:
    asked = []
    for path in (DEPLOY / "kubernetes").glob("components/autoscaling*/*.yaml"):
        for trigger in yaml.safe_load(path.read_text()).get("spec", {}).get("triggers", []):
            if trigger["type"] == "prometheus":
                asked.append(trigger["metadata"]["query"])
    assert len(asked) >= 6
    for query in asked:
        assert not unknown(query, series), query


def test_every_metric_is_in_the_document() -> None:
    page = (conf.ROOT / "docs" / "observability.md").read_text()
    written = set(re.findall(r"`(portal_[a-z0-9_]+)`", page))
    named = {name + ("_total" if kind == "counter" else "") for name, kind in exposed().items()}
    assert written == named


def test_every_span_is_in_the_document() -> None:
    from conversations.services import turn_measures

    page = (conf.ROOT / "docs" / "observability.md").read_text()
    source = (conf.ROOT / turn_measures.__file__).read_text()
    steps = set(re.findall(r'^        \("(\w+)", ', source, re.MULTILINE))
    assert steps
    for step in steps | {"turn", "accept", "publish"}:
        assert f"| `{step}` |" in page, step


def test_every_alert_has_a_section_in_the_runbook_and_the_way_to_it() -> None:
    page = (conf.ROOT / "docs" / "runbook.md").read_text()
    sections = re.findall(r"^## (Portal\w+)$", page, re.MULTILINE)
    assert sections == [rule["alert"] for rule in alerts()]
    for rule in alerts():
        assert rule["labels"]["severity"] in {"critical", "warning"}
        address = rule["annotations"]["runbook_url"]
        assert address.endswith(f"docs/runbook.md#{rule['alert'].lower()}")
        section = page.partition(f"## {rule['alert']}\n")[2].partition("\n## ")[0]
        for part in ("**Means**", "**Look**", "**Do**"):
            assert part in section, f"{rule['alert']} lacks {part}"


def test_what_is_generated_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(MONITORING / "generate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}Run deploy/monitoring/generate.py."


def test_the_metrics_are_in_prometheus_own_format() -> None:
    from portal.health import process_metrics

    text = process_metrics().decode()
    assert list(text_string_to_metric_families(text))
