"""Addresses of figures, their rows and their plans; and back again."""

from collections.abc import Mapping
from functools import cache
from urllib.parse import urlencode

from django.urls import get_script_prefix, reverse

from insights.figures.periods import Period
from insights.figures.plan import SAVINGS, BadPlan, Plan, from_json
from insights.measures import DIMENSIONS


def parameters(plan: Plan) -> dict[str, str]:
    """A plan as the parameters of an address; values are joined by "~", which no name holds."""
    found = {
        "measure": plan.measure,
        "period": f"{plan.period.start}/{plan.period.end}",
        "compare": f"{plan.compare.start}/{plan.compare.end}" if plan.compare else "",
        "group": plan.group,
        "why": "1" if plan.why else "",
        "order": plan.order,
        "limit": str(plan.limit or ""),
        **{item.dimension: "~".join(item.values) for item in plan.filters},
    }
    return {key: value for key, value in found.items() if value} | {
        item.dimension: "~".join(item.values) for item in plan.filters
    }


def plan_from(query: Mapping[str, str]) -> Plan:
    """The checked plan of an address. Raises BadPlan."""
    limit = query.get("limit", "") or "0"
    if not limit.isdecimal():
        raise BadPlan
    return from_json(
        {
            "measure": query.get("measure", ""),
            "period": query.get("period", ""),
            "compare": query.get("compare", ""),
            "group": query.get("group", ""),
            "why": query.get("why", "") == "1",
            "order": query.get("order", ""),
            "limit": int(limit),
            "filters": {key: query[key].split("~") for key in DIMENSIONS if key in query},
        }
    )


def rows_link(plan: Plan, *, part: str = "counted") -> str:
    """Where exactly the rows of a figure without a group are listed."""
    if plan.measure == SAVINGS:
        period = f"{plan.period.start}/{plan.period.end}"
        return f"{reverse('insights-savings')}?{urlencode({'period': period})}"
    wanted = parameters(plan)
    for key in ("group", "why", "order", "limit", "compare"):
        wanted.pop(key, None)
    if part != "counted":
        wanted["part"] = part
    return f"{_rows_address(get_script_prefix())}?{urlencode(wanted)}"


@cache
def _rows_address(_prefix: str) -> str:
    """Looked up once: a page has hundreds of links to rows."""
    return reverse("insights-rows")


def set_link(name: str, period: Period, topic: str | None = None) -> str:
    """Where the rows of a set that is no measure of the catalogue are listed (row_sets)."""
    wanted = {"period": f"{period.start}/{period.end}"}
    if topic is not None:
        wanted["topic"] = topic
    return f"{reverse('insights-row-set', args=[name])}?{urlencode(wanted)}"


def ask_link(plan: Plan) -> str:
    return f"{reverse('insights-ask')}?{urlencode(parameters(plan))}"
