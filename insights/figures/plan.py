"""A plan: the one form in which a question reaches the data. Typed, frozen, validated.

A form, a link, a rule grammar and a language model all end here. A plan that `check` lets through
can only name what the catalogue holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from django.utils.translation import gettext as _

from insights.figures.periods import Period
from insights.measures import DIMENSIONS, MEASURES, Measure, allowed
from insights.measures.dimensions import WEEKDAYS
from portal.core.errors import InvalidInput

MOST_DAYS = 800
MOST_VALUES = 20
MOST_GROUPS = 400

#: Not a measure but a reckoning of its own (insights/roi): it takes a period and a comparison.
SAVINGS = "savings"

Order = Literal["", "asc", "desc"]


class BadPlan(InvalidInput):
    """This figure cannot be shown in this way."""

    code = "bad_plan"


@dataclass(frozen=True)
class Filter:
    dimension: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """One measure over one period. `why` asks for the reasons of the change against `compare`."""

    measure: str
    period: Period
    filters: tuple[Filter, ...] = ()
    group: str = ""
    compare: Period | None = None
    why: bool = False
    order: Order = ""
    limit: int = 0

    @property
    def definition(self) -> Measure:
        return MEASURES[self.measure]

    def over(self, period: Period) -> "Plan":
        return replace(self, period=period, compare=None)


def check(plan: Plan) -> Plan:
    """The plan itself, if the catalogue allows it. Raises BadPlan with the reason."""
    if plan.measure == SAVINGS and not plan.filters and not plan.group:
        return plan
    if plan.measure == SAVINGS:
        raise BadPlan(_("The savings are reckoned for everything together."))
    if plan.measure not in MEASURES:
        raise BadPlan(_("There is no such figure: %s.") % plan.measure)
    possible = {dimension.key for dimension in allowed(plan.definition)}
    for key in (*(item.dimension for item in plan.filters), *([plan.group] if plan.group else ())):
        if key not in possible:
            raise BadPlan(
                _("“%(figure)s” is not recorded by %(dimension)s.")
                % {
                    "figure": plan.definition.name,
                    "dimension": DIMENSIONS[key].name if key in DIMENSIONS else key,
                }
            )
    _check_filters(plan.filters)
    for period in (plan.period, plan.compare):
        if period is not None and period.days > MOST_DAYS:
            raise BadPlan(_("At most %d days at once.") % MOST_DAYS)
    if plan.limit < 0 or plan.limit > MOST_GROUPS:
        raise BadPlan(_("At most %d groups.") % MOST_GROUPS)
    return plan


def _check_filters(filters: tuple[Filter, ...]) -> None:
    names = [item.dimension for item in filters]
    if len(set(names)) != len(names):
        raise BadPlan(_("A filter is named twice."))
    for item in filters:
        _check_filter(item)


def _check_filter(item: Filter) -> None:
    if not item.values or len(item.values) > MOST_VALUES:
        raise BadPlan(_("A filter takes one to %d values.") % MOST_VALUES)
    if any(len(value) > 160 or "\x00" in value for value in item.values):
        raise BadPlan(_("A filter's value is too long."))
    if item.dimension == "weekday" and not set(item.values) <= set(WEEKDAYS):
        raise BadPlan(_("There is no such weekday."))
    if item.dimension == "hour" and not set(item.values) <= {str(hour) for hour in range(24)}:
        raise BadPlan(_("Hours run from 0 to 23."))
    if item.dimension in ("day", "week", "month"):
        for value in item.values:
            _date(value)


def to_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values."""
    return {
        "measure": plan.measure,
        "period": f"{plan.period.start}/{plan.period.end}",
        "compare": f"{plan.compare.start}/{plan.compare.end}" if plan.compare else None,
        "filters": {item.dimension: list(item.values) for item in plan.filters},
        "group": plan.group or None,
        "why": plan.why,
        "order": plan.order or None,
        "limit": plan.limit or None,
    }


def from_json(data: Mapping[str, Any]) -> Plan:
    """A checked plan from JSON values, whoever made them. Raises BadPlan."""
    if not isinstance(data.get("filters") or {}, Mapping):
        raise BadPlan
    filters = data.get("filters") or {}
    compare = data.get("compare")
    if not isinstance(data.get("limit") or 0, int):
        raise BadPlan
    return check(
        Plan(
            measure=str(data.get("measure") or ""),
            period=period_from(str(data.get("period") or "")),
            compare=period_from(str(compare)) if compare else None,
            filters=tuple(
                Filter(str(key), tuple(str(value) for value in values))
                for key, values in sorted(filters.items())
            ),
            group=str(data.get("group") or ""),
            why=bool(data.get("why")),
            order=_order(data.get("order")),
            limit=int(data.get("limit") or 0),
        )
    )


def _order(value: object) -> Order:
    match value:
        case "asc":
            return "asc"
        case "desc":
            return "desc"
        case None | "":
            return ""
    raise BadPlan


def period_from(text: str) -> Period:
    """`2026-10-01/2026-11-01` as a period. Raises BadPlan."""
    start, _slash, end = text.partition("/")
    try:
        return Period(_date(start), _date(end))
    except ValueError:
        raise BadPlan(_("“%s” is not a period.") % text[:40]) from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadPlan(_("“%s” is not a date.") % text[:40]) from None
