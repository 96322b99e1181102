"""Executes plans: figures with their numbers, and the rows behind them. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from insights.figures import sql
from insights.figures.plan import MOST_GROUPS, Plan
from insights.figures.reading import read
from insights.figures.statistics import wilson
from insights.measures import DIGEST, KEYS, MEASURES, SERIES, WEEKDAYS, Distribution, Measure
from insights.measures.histogram import quantile
from insights.roi.assumptions import cost_of_agent_second

#: Up to so many rows a percentile is sorted exactly; beyond, it is read from histograms, whose
#: error of at most one in a hundred is less than what chance does to a middle value.
EXACT_ROWS = 2_000
_SUMS = ("sum", "mean", "per_time", "money")  # their first number is a sum, not rows


@dataclass(frozen=True)
class Figure:
    """A measure's value for one group. `value` is None under the measure's minimum.

    `counted` and `out_of` are its two sums; low and high bound a share with 95 % confidence.
    `rows` is the number of rows that its link opens.
    """

    key: str
    counted: int
    out_of: int
    rows: int
    raw: float | None
    value: float | None
    low: float | None = None
    high: float | None = None


def portal_zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def figures(plan: Plan, *, exact: bool = False, zone: ZoneInfo | None = None) -> list[Figure]:
    """The figures of a checked plan, one for each group, in the plan's order.

    `exact` reads the facts even where rollups would do. Without a group there is exactly one.
    """
    zone = zone or portal_zone()
    rows = _read(plan, zone, exact=exact)
    found = [_figure(plan, key, n, of, value, zone) for key, n, of, value in rows]
    found = [item for item in found if item.counted or item.out_of]
    if not plan.group:
        return found or [_figure(plan, "", 0, 0, None, zone)]
    return _ordered(plan, found)[: plan.limit or MOST_GROUPS]


def _read(plan: Plan, zone: ZoneInfo, *, exact: bool) -> list[Any]:
    """Rows of (key, counted, out of, value) from sums, histograms or facts."""
    if not exact and rollups_are_current():
        if sql.fits_rollups(plan, zone):
            query = sql.over_rollups(plan, zone)
            return read(query.sql, query.values)
        if is_approximate(plan, zone):
            return _from_histograms(plan, zone)
    query = sql.over_facts(plan, zone)
    return read(query.sql, query.values)


def is_approximate(plan: Plan, zone: ZoneInfo | None = None) -> bool:
    """Whether a percentile is read from histograms: its rows are too many to be sorted."""
    zone = zone or portal_zone()
    if plan.measure not in MEASURES or not sql.fits_histograms(plan, zone):
        return False
    whole = Plan(plan.measure, plan.period)
    query = sql.over_rollups(whole, zone)
    rows = read(query.sql, query.values)
    return bool(rows) and int(rows[0][1]) > EXACT_ROWS


def _from_histograms(plan: Plan, zone: ZoneInfo) -> list[Any]:
    item = plan.definition.distribution
    assert item is not None
    found = []
    for key, counts in histograms(plan, item, zone):
        total = sum(counts.values())
        values = [quantile(counts, share) for share in sql.QUANTILES]
        found.append((key, total, total, values))
    return found


def histograms(
    plan: Plan, item: Distribution, zone: ZoneInfo
) -> list[tuple[str, dict[int, int]]]:  # fmt: skip
    """Each group's counts by bucket (see measures/histogram.py), added up over the period."""
    query = sql.over_histograms(plan, zone, item)
    return [(key, _counts(text)) for key, text in read(query.sql, query.values)]


def sums(plan: Plan, components: tuple[str, ...], zone: ZoneInfo) -> list[Any]:
    """Rows of (key, *sums) of components of the plan's grain: from rollups where they fit."""
    from_rollups = sql.fits_sums(plan, zone) and rollups_are_current()
    over = sql.sums_over_rollups if from_rollups else sql.sums_over_facts
    query = over(plan, zone, components)
    return read(query.sql, query.values)


def by_hour(plan: Plan, zone: ZoneInfo) -> dict[datetime, int]:
    """What a plan counts in each hour (UTC) of its period that has any."""
    from_rollups = sql.fits_sums(plan, zone) and rollups_are_current()
    query = sql.by_utc_hour(plan, zone, from_rollups=from_rollups)
    return {hour: int(count) for hour, count in read(query.sql, query.values) if count}


def _counts(text: str) -> dict[int, int]:
    """`{3:10,7:2}/950` as a table."""
    inner = text[1 : text.index("}")]
    if not inner:
        return {}
    numbers = inner.replace(":", ",").split(",")
    return dict(zip(map(int, numbers[::2]), map(int, map(float, numbers[1::2])), strict=True))


def figure(plan: Plan, *, exact: bool = False, zone: ZoneInfo | None = None) -> Figure:
    """The one figure of a plan without a group."""
    return figures(plan, exact=exact, zone=zone)[0]


def _figure(plan: Plan, key: str, counted: int, out_of: int, value: Any, zone: ZoneInfo) -> Figure:
    measure = plan.definition
    counted, out_of = int(counted or 0), int(out_of or 0)
    raw = _raw(plan, measure, counted, out_of, value, zone)
    low = high = None
    if measure.kind == "ratio" and out_of:
        low, high = wilson(counted, out_of)
    enough = out_of >= measure.minimum
    behind = out_of if measure.kind in _SUMS else counted
    return Figure(key, counted, out_of, behind, raw, raw if enough else None, low, high)


def _raw(
    plan: Plan, measure: Measure, counted: int, out_of: int, value: Any, zone: ZoneInfo
) -> float | None:
    match measure.kind:
        case "count" | "sum":
            return counted
        case "distinct":
            return int(value or 0)
        case "percentile":
            return None if value is None else float(value[sql.QUANTILES.index(measure.quantile)])
        case "per_time":
            start, end = plan.period.bounds(zone)
            return counted / ((end - start).total_seconds() * 1000)
        case "money":
            return counted * cost_of_agent_second(plan.period.last) / out_of if out_of else None
        case _:
            return counted / out_of if out_of else None


def _ordered(plan: Plan, found: list[Figure]) -> list[Figure]:
    if not plan.order:
        if plan.group in SERIES or plan.group == "hour":
            return sorted(found, key=lambda item: item.key.rjust(12))
        if plan.group == "weekday":
            return sorted(found, key=lambda item: WEEKDAYS.index(item.key))
    known = [item for item in found if item.value is not None]
    unknown = [item for item in found if item.value is None]
    sign = 1 if plan.order == "asc" else -1
    known.sort(key=lambda item: (sign * (item.value or 0), item.key))
    return known + sorted(unknown, key=lambda item: item.key)


def rollups_are_current() -> bool:
    """Whether the rollups were made for this catalogue."""
    stored = read("SELECT catalogue FROM insights_insightsstate WHERE id = 1")
    return bool(stored) and stored[0][0] == DIGEST


@dataclass(frozen=True)
class Behind:
    """One row behind a figure."""

    key: UUID
    conversation: UUID
    at: datetime


def count_rows(plan: Plan, *, part: str = "counted", zone: ZoneInfo | None = None) -> int:
    """How many rows the link of a figure opens."""
    query = sql.rows_behind(plan, zone or portal_zone(), part=part)
    return int(read(f"SELECT count(*) {query.sql}", query.values)[0][0])


def rows(
    plan: Plan, *, part: str = "counted", start: int = 0, size: int = 50,
    zone: ZoneInfo | None = None,
) -> list[Behind]:  # fmt: skip
    """A page of the rows behind a figure, newest first."""
    query = sql.rows_behind(plan, zone or portal_zone(), part=part)
    key = KEYS[plan.definition.grain]
    found = read(
        f"SELECT {key}, conversation_id, at {query.sql} ORDER BY at DESC, {key} LIMIT %s OFFSET %s",
        (*query.values, size, start),
    )
    return [Behind(*row) for row in found]


def rows_after(
    plan: Plan, last: Behind | None, *, part: str = "counted", size: int = 50
) -> list[Behind]:  # fmt: skip
    """The next rows behind a figure after `last`, newest first: as fast at the end as at first."""
    query = sql.rows_behind(plan, portal_zone(), part=part)
    key, values = KEYS[plan.definition.grain], list(query.values)
    after = ""
    if last is not None:
        after = f" AND at <= %s AND (at, {key}) < (%s, %s)"
        values += [last.at, last.at, last.key]
    found = read(
        f"SELECT {key}, conversation_id, at {query.sql}{after} "
        f"ORDER BY at DESC, {key} DESC LIMIT %s",
        (*values, size),
    )
    return [Behind(*row) for row in found]
