"""Writes what Kubernetes and Grafana read: the PrometheusRule from rules/, dashboards/ from code.

python deploy/monitoring/generate.py          writes
python deploy/monitoring/generate.py --check  exits 1 where something is not as it would be written
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from boards import BOARDS  # noqa: E402 (beside this file, which is run as a script)
from panels import dashboard  # noqa: E402


def prometheus_rule() -> str:
    """The rules as Prometheus' operator takes them."""
    files = [HERE / "rules" / name for name in ("portal.rules.yaml", "portal.alerts.yaml")]
    groups: list[Any] = [g for file in files for g in yaml.safe_load(file.read_text())["groups"]]
    body = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": "portal",
            "namespace": "portal",
            "labels": {"app.kubernetes.io/part-of": "portal"},
        },
        "spec": {"groups": groups},
    }
    head = "# Written by deploy/monitoring/generate.py from rules/: change it there.\n"
    return head + yaml.safe_dump(body, sort_keys=False, width=110, allow_unicode=True)


def outputs() -> dict[Path, str]:
    """Every generated file and what belongs into it."""
    found = {HERE / "prometheus-rule.yaml": prometheus_rule()}
    for name, (title, rows) in BOARDS.items():
        text = json.dumps(dashboard(name, title, rows), indent=1, ensure_ascii=False) + "\n"
        found[HERE / "dashboards" / f"{name}.json"] = text
    return found


def main(arguments: list[str]) -> int:
    stale = [p for p, text in outputs().items() if not p.exists() or p.read_text() != text]
    if "--check" in arguments:
        sys.stdout.writelines(f"{path.name} is not as generate.py writes it.\n" for path in stale)
        return 1 if stale else 0
    for path in stale:
        path.write_text(outputs()[path])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
