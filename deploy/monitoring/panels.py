"""Grafana's dashboards as data: rows of panels, a panel its queries. generate.py writes JSON."""

from dataclasses import dataclass
from typing import Any

SOURCE = {"type": "prometheus", "uid": "${source}"}
COLUMNS = 24
#: A rate needs four scrapes.
WINDOW = "$__rate_interval"


@dataclass(frozen=True)
class Panel:
    """`queries`: (PromQL, legend). `unit` is Grafana's; `limit` draws the promise."""

    title: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    height: int = 7
    limit: float | None = None
    about: str = ""
    stack: bool = False


Rows = tuple[tuple[str, tuple[Panel, ...]], ...]


def quantile(share: float, metric: str, by: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket[{WINDOW}])))"


def rate(metric: str, by: str = "", where: str = "") -> str:
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({metric}{where}[{WINDOW}]))"


def share(part: str, whole: str) -> str:
    return f"max by (rung) ({part}) / clamp_min(max by (rung) ({whole}), 1)"


def stat(title: str, query: str, unit: str = "short", limit: float | None = None) -> Panel:
    return Panel(title, ((query, ""),), unit=unit, kind="stat", width=4, height=4, limit=limit)


def _target(number: int, query: tuple[str, str]) -> dict[str, Any]:
    expression, legend = query
    return {
        "refId": chr(ord("A") + number),
        "datasource": SOURCE,
        "expr": expression,
        "legendFormat": legend or "__auto",
    }


def _thresholds(limit: float | None) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if limit is not None:
        steps.append({"color": "red", "value": limit})
    return {"mode": "absolute", "steps": steps}


def _panel(number: int, panel: Panel, x: int, y: int) -> dict[str, Any]:
    custom: dict[str, Any] = {}
    if panel.kind == "timeseries":
        custom = {
            "fillOpacity": 30 if panel.stack else 8,
            "lineWidth": 2,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stack else "none"},
            "thresholdsStyle": {"mode": "off" if panel.limit is None else "dashed"},
        }
    options: dict[str, Any] = {"tooltip": {"mode": "multi", "sort": "desc"}}
    if panel.kind == "stat":
        options = {"colorMode": "value", "reduceOptions": {"calcs": ["lastNotNull"]}}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "custom": custom,
                "thresholds": _thresholds(panel.limit),
            },
            "overrides": [],
        },
        "options": options,
        "targets": [_target(i, query) for i, query in enumerate(panel.queries)],
    }


def _header(number: int, title: str, y: int) -> dict[str, Any]:
    return {
        "id": number,
        "type": "row",
        "title": title,
        "collapsed": False,
        "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
        "panels": [],
    }


def dashboard(uid: str, title: str, rows: Rows) -> dict[str, Any]:
    """Grafana's JSON; panels flow from left to right and wrap."""
    panels: list[dict[str, Any]] = []
    y = 0
    for heading, row in rows:
        panels.append(_header(len(panels) + 1, heading, y))
        y, x, tallest = y + 1, 0, 0
        for panel in row:
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            panels.append(_panel(len(panels) + 1, panel, x, y))
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest
    variable = {"name": "source", "type": "datasource", "query": "prometheus", "label": "Source"}
    return {
        "uid": uid,
        "title": title,
        "tags": ["portal"],
        "editable": True,
        "schemaVersion": 39,
        "version": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": [variable]},
        "annotations": {"list": []},
        "links": [
            {"type": "dashboards", "tags": ["portal"], "title": "Portal", "asDropdown": True}
        ],
        "panels": panels,
    }
