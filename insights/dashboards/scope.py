"""What the reader chose: a period, a comparison and filters, from the address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from conversations.models import Section
from insights.figures.periods import Period, add_months, last_days, local_date
from insights.figures.plan import MOST_DAYS, BadPlan, Filter, Plan, check, period_from
from insights.measures import DIMENSIONS, MEASURES, allowed

FILTERS = ("topic", "language", "channel")


@dataclass(frozen=True)
class Scope:
    """A checked choice. Plans made from it carry its period and the filters that they can."""

    period: Period
    compare: Period | None
    filters: tuple[Filter, ...]
    today: date
    zone: ZoneInfo

    def plan(self, measure: str, group: str = "", *, limit: int = 0) -> Plan:
        possible = {item.key for item in allowed(MEASURES[measure])}
        filters = tuple(item for item in self.filters if item.dimension in possible)
        return check(
            Plan(measure, self.period, filters, group, self.compare, limit=limit,
                 order="desc" if group and DIMENSIONS[group].column else "")
        )  # fmt: skip

    @property
    def step(self) -> str:
        """The step of a line over this period."""
        if self.period.days <= 62:
            return "day"
        return "week" if self.period.days <= 400 else "month"

    def query(self, **changes: str) -> str:
        """The address's parameters for another page or period."""
        wanted = {
            "period": f"{self.period.start}/{self.period.end}",
            "compare": "" if self.compare else "none",
            **{item.dimension: item.values[0] for item in self.filters},
            **changes,
        }
        return urlencode({key: value for key, value in wanted.items() if value})


def scope_from(query: Mapping[str, str], now: datetime, zone: ZoneInfo) -> Scope:
    """The choice of an address; without one, the last 28 whole days. Raises BadPlan."""
    today = local_date(now, zone)
    period = _period(query, now, zone)
    if period.days > MOST_DAYS:
        raise BadPlan(_("At most %d days at once.") % MOST_DAYS)
    compare = None if query.get("compare") == "none" else period.before()
    filters = tuple(
        Filter(key, (query[key][:160],)) for key in FILTERS if query.get(key, "").strip()
    )
    return Scope(period, compare, filters, today, zone)


def _period(query: Mapping[str, str], now: datetime, zone: ZoneInfo) -> Period:
    if query.get("from") and query.get("to"):
        first, last = query["from"], query["to"]
        found = period_from(f"{min(first, last)}/{max(first, last)}") if first != last else None
        start = found.start if found else period_from(f"{first}/9999-12-31").start
        end = found.end if found else start
        return Period(start, date.fromordinal(end.toordinal() + 1))
    if query.get("period"):
        return period_from(query["period"])
    return last_days(now, zone, 28)


@dataclass(frozen=True)
class Choice:
    name: str
    query: str
    chosen: bool


def presets(scope: Scope) -> list[Choice]:
    """The periods that are chosen most."""
    today = scope.today
    first = today.replace(day=1)
    named = [
        (_("7 days"), Period(date.fromordinal(today.toordinal() - 7), today)),
        (_("28 days"), Period(date.fromordinal(today.toordinal() - 28), today)),
        (_("90 days"), Period(date.fromordinal(today.toordinal() - 90), today)),
        (_("Last month"), Period(add_months(first, -1), first)),
        (_("180 days"), Period(date.fromordinal(today.toordinal() - 180), today)),
    ]
    return [
        Choice(name, scope.query(period=f"{period.start}/{period.end}"), period == scope.period)
        for name, period in named
    ]


def topics() -> list[tuple[str, str]]:
    return list(Section.objects.values_list("slug", "title"))
