"""A checked plan as SQL over facts or rollups. Values travel as parameters, never in the text."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from insights.figures.periods import on_whole_hours
from insights.figures.plan import Filter, Plan
from insights.measures import (
    COMPONENTS,
    DIMENSIONS,
    DISTRIBUTIONS,
    TABLES,
    WEEKDAYS,
    Distribution,
    Measure,
)

#: Read together, so that a typical and an unlucky time are one sort.
QUANTILES = (0.5, 0.95)


@dataclass(frozen=True)
class Query:
    sql: str
    values: tuple[object, ...]


def time_key(dimension: str, column: str, zone: ZoneInfo) -> Query:
    """SQL of a time dimension's key, from a time stamp's column, in the portal's zone."""
    local = f"({column} AT TIME ZONE %s)"
    forms = {
        "hour": f"extract(hour FROM {local})::int::text",
        "weekday": f"(%s::text[])[extract(isodow FROM {local})::int]",
        "day": f"{local}::date::text",
        "week": f"date_trunc('week', {local})::date::text",
        "month": f"date_trunc('month', {local})::date::text",
    }
    before = (list(WEEKDAYS),) if dimension == "weekday" else ()
    return Query(forms[dimension], (*before, zone.key))


def key_of(dimension: str, zone: ZoneInfo, column: str = "at") -> Query:
    """SQL of a group's key."""
    item = DIMENSIONS[dimension]
    if item.is_time:
        return time_key(dimension, column, zone)
    return Query(f"coalesce({item.column}::text, '')", ())


def where(plan: Plan, zone: ZoneInfo) -> Query:
    """The period and the filters, over facts."""
    start, end = plan.period.bounds(zone)
    parts, values = ["at >= %s", "at < %s"], [start, end]
    for item in plan.filters:
        part = _filter(item, zone, "at")
        parts.append(part.sql)
        values += part.values  # type: ignore[arg-type]
    return Query(" AND ".join(parts), tuple(values))


def _filter(item: Filter, zone: ZoneInfo, column: str) -> Query:
    key = key_of(item.dimension, zone, column)
    return Query(f"{key.sql} = ANY(%s)", (*key.values, list(item.values)))


def _aggregates(measure: Measure) -> str:
    counted, base = measure.components
    if measure.kind == "percentile":
        value = (
            f"percentile_disc(ARRAY{list(QUANTILES)}) WITHIN GROUP (ORDER BY {measure.value}) "
            f"FILTER (WHERE {measure.rows})"
        )
        return f"{counted}, {base}, {value}"
    return f"{counted}, {base}, NULL"


def over_facts(plan: Plan, zone: ZoneInfo) -> Query:
    """Rows of (key, counted, out of, value): reads every fact of the period."""
    key = key_of(plan.group, zone) if plan.group else Query("''", ())
    condition = where(plan, zone)
    measure = plan.definition
    if measure.kind == "distinct":
        return _different(measure, key, condition)
    sql, cast = key.sql, ""
    if sql.endswith("::date::text"):  # sorting by dates is much faster than by their names
        sql, cast = sql.removesuffix("::text"), "::text"
    return Query(
        f"SELECT key{cast}, {_aggregates(measure)} FROM (SELECT *, {sql} AS key "
        f"FROM {TABLES[measure.grain]} WHERE {condition.sql}) facts GROUP BY key",
        (*key.values, *condition.values),
    )


def _different(measure: Measure, key: Query, condition: Query) -> Query:
    """Different values of each group: put together by value first, which needs no sorting."""
    return Query(
        "SELECT key, coalesce(sum(n), 0)::bigint, coalesce(sum(n), 0)::bigint, "
        f"count(*) FILTER (WHERE n > 0) FROM (SELECT key, {measure.value}, "
        f"count(*) FILTER (WHERE {measure.rows}) AS n FROM (SELECT *, {key.sql} AS key "
        f"FROM {TABLES[measure.grain]} WHERE {condition.sql}) facts "
        f"GROUP BY key, {measure.value}) grouped GROUP BY key",
        (*key.values, *condition.values),
    )


def fits_rollups(plan: Plan, zone: ZoneInfo) -> bool:
    """Whether hourly sums give the same figures: additive, one dimension at most, whole hours."""
    return plan.definition.additive and fits_sums(plan, zone)


def fits_sums(plan: Plan, zone: ZoneInfo) -> bool:
    """Whether hourly rows hold what a plan filters and groups by: one dimension, whole hours."""
    return len(_columns(plan)) <= 1 and on_whole_hours(plan.period, zone)


def _columns(plan: Plan) -> set[str]:
    used = {item.dimension for item in plan.filters} | ({plan.group} if plan.group else set())
    return {key for key in used if not DIMENSIONS[key].is_time}


def fits_histograms(plan: Plan, zone: ZoneInfo) -> bool:
    """Whether hourly histograms hold what a percentile needs."""
    return plan.definition.kind == "percentile" and fits_sums(plan, zone)


def _rolled(plan: Plan, zone: ZoneInfo) -> tuple[Query, Query]:
    """A group's key and the condition, over the rows of rollups and of histograms."""
    dimension = next(iter(_columns(plan)), "")
    key = Query("''", ())
    if plan.group:
        is_time = DIMENSIONS[plan.group].is_time
        key = time_key(plan.group, "hour", zone) if is_time else Query("value", ())
    start, end = plan.period.bounds(zone)
    parts = ["grain = %s", "dimension = %s", "hour >= %s", "hour < %s"]
    values: list[object] = [str(plan.definition.grain), dimension, start, end]
    for item in plan.filters:
        if DIMENSIONS[item.dimension].is_time:
            part = _filter(item, zone, "hour")
            parts.append(part.sql)
            values += part.values
        else:
            parts.append("value = ANY(%s)")
            values.append(list(item.values))
    return key, Query(" AND ".join(parts), tuple(values))


def sums_over_rollups(plan: Plan, zone: ZoneInfo, components: tuple[str, ...]) -> Query:
    """Rows of a key and the sums of components, from hourly sums."""
    key, condition = _rolled(plan, zone)
    places = [COMPONENTS[plan.definition.grain].index(sql) + 1 for sql in components]
    sums = ", ".join(f"coalesce(sum(components[{place}]), 0)::bigint" for place in places)
    return Query(
        f"SELECT {key.sql} AS key, {sums} FROM insights_rollup WHERE {condition.sql} GROUP BY 1",
        (*key.values, *condition.values),
    )


def over_rollups(plan: Plan, zone: ZoneInfo) -> Query:
    """The same rows as `over_facts`, from hourly sums. Only where `fits_rollups`."""
    query = sums_over_rollups(plan, zone, plan.definition.components)
    return Query(query.sql.replace(" FROM insights_rollup", ", NULL FROM insights_rollup", 1),
                 query.values)  # fmt: skip


def sums_over_facts(plan: Plan, zone: ZoneInfo, components: tuple[str, ...]) -> Query:
    """The same rows as `sums_over_rollups`, from facts."""
    key = key_of(plan.group, zone) if plan.group else Query("''", ())
    condition = where(plan, zone)
    return Query(
        f"SELECT key, {', '.join(components)} FROM (SELECT *, {key.sql} AS key "
        f"FROM {TABLES[plan.definition.grain]} WHERE {condition.sql}) facts GROUP BY key",
        (*key.values, *condition.values),
    )


def by_utc_hour(plan: Plan, zone: ZoneInfo, *, from_rollups: bool) -> Query:
    """Rows of an hour and what a plan without a group counts in it."""
    counted = plan.definition.components[0]
    if from_rollups:
        place = COMPONENTS[plan.definition.grain].index(counted) + 1
        _key, condition = _rolled(plan, zone)
        return Query(
            f"SELECT hour, sum(components[{place}])::bigint FROM insights_rollup "
            f"WHERE {condition.sql} GROUP BY 1",
            condition.values,
        )
    condition = where(plan, zone)
    return Query(
        f"SELECT date_trunc('hour', at, 'UTC'), {counted} "
        f"FROM {TABLES[plan.definition.grain]} WHERE {condition.sql} GROUP BY 1",
        condition.values,
    )


def over_histograms(plan: Plan, zone: ZoneInfo, item: Distribution) -> Query:
    """Rows of a key and a histogram, as the text of a sparse vector. The plan gives the rest."""
    key, condition = _rolled(plan, zone)
    return Query(
        f"SELECT {key.sql} AS key, sum(counts::vector)::sparsevec::text FROM insights_histogram "
        f"WHERE series = %s AND {condition.sql} GROUP BY 1",
        (*key.values, DISTRIBUTIONS.index(item), *condition.values),
    )


def rows_behind(plan: Plan, zone: ZoneInfo, *, part: str = "counted") -> Query:
    """Conversation ids, fact keys and times of the rows that a figure counts, newest first.

    `part` is "counted", or "base" for all those that a share is out of.
    """
    measure = plan.definition
    condition = where(plan, zone)
    predicate = measure.base if part == "base" and measure.kind == "ratio" else measure.rows
    return Query(
        f"FROM {TABLES[measure.grain]} WHERE {condition.sql} AND ({predicate})", condition.values
    )
