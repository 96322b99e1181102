"""Hourly sums of the facts. An hour is made anew as a whole, so making it twice is harmless."""

from datetime import datetime
from typing import Any

from django.db import connection

from insights.measures import (
    COMPONENTS,
    DIMENSIONS,
    DISTRIBUTIONS,
    ROLLED,
    TABLES,
    Distribution,
    Grain,
)
from insights.measures.histogram import EDGES, SIZE

#: Hours that are made anew at once: what a sort of their facts takes stays in memory.
HOURS = 24 * 14


def _sets(grain: Grain, more: str = "") -> tuple[str, str, str]:
    """SQL of the grouping sets, and of the name and the value of a set's dimension."""
    columns = [DIMENSIONS[key].column for key in ROLLED[grain]]
    sets = ", ".join([f"(hour{more})", *(f"(hour, {column}{more})" for column in columns)])
    names = "".join(
        f" WHEN grouping({c}) = 0 THEN '{k}'" for k, c in zip(ROLLED[grain], columns, strict=True)
    )
    values = "".join(f" WHEN grouping({c}) = 0 THEN coalesce({c}::text, '')" for c in columns)
    return sets, f"CASE{names} ELSE '' END", f"CASE{values} ELSE '' END"


def _statement(grain: Grain) -> str:
    """Every dimension's sums in one reading of the facts."""
    sets, name, value = _sets(grain)
    return f"""
        INSERT INTO insights_rollup (grain, dimension, hour, value, components)
        SELECT '{grain}', {name}, hour, {value},
               ARRAY[{", ".join(COMPONENTS[grain])}]::bigint[]
          FROM (SELECT *, date_trunc('hour', at, 'UTC') AS hour FROM {TABLES[grain]}
                 WHERE at >= %(start)s AND at < %(end)s + interval '1 hour') facts
         WHERE hour = ANY(%(hours)s)
         GROUP BY GROUPING SETS ({sets})
    """  # the catalogue's own words


def _histogram(series: int, item: Distribution) -> str:
    """Every dimension's histograms of one distribution in one reading of the facts."""
    sets, name, value = _sets(item.grain, ", bucket")
    return f"""
        INSERT INTO insights_histogram (grain, series, dimension, hour, value, counts)
        SELECT '{item.grain}', {series}, name, hour, chosen,
               ('{{' || string_agg(bucket || ':' || n, ',' ORDER BY bucket) || '}}/{SIZE}')
                   ::sparsevec
          FROM (SELECT {name} AS name, hour, {value} AS chosen, bucket, count(*) AS n
                  FROM (SELECT *, date_trunc('hour', at, 'UTC') AS hour,
                               width_bucket({item.value}, %(edges)s::int[]) AS bucket
                          FROM {TABLES[item.grain]}
                         WHERE at >= %(start)s AND at < %(end)s + interval '1 hour'
                           AND ({item.rows}) AND ({item.value}) IS NOT NULL) facts
                 WHERE hour = ANY(%(hours)s)
                 GROUP BY GROUPING SETS ({sets})) counted
         GROUP BY name, hour, chosen
    """


_STATEMENTS = {
    grain: (
        _statement(grain),
        *(_histogram(n, item) for n, item in enumerate(DISTRIBUTIONS) if item.grain is grain),
    )
    for grain in Grain
}


def roll(grain: Grain, hours: list[datetime]) -> None:
    """Make these hours' sums anew. Call it in the transaction that changed the facts."""
    for first in range(0, len(hours), HOURS):
        _roll(grain, hours[first : first + HOURS])


def _roll(grain: Grain, hours: list[datetime]) -> None:
    bounds: dict[str, Any] = {
        "grain": grain, "hours": hours, "start": min(hours), "end": max(hours),
        "edges": list(EDGES),
    }  # fmt: skip
    with connection.cursor() as cursor:
        for table in ("insights_rollup", "insights_histogram"):
            cursor.execute(
                f"DELETE FROM {table} WHERE grain = %(grain)s AND hour = ANY(%(hours)s)", bounds
            )
        for sql in _STATEMENTS[grain]:
            cursor.execute(sql, bounds)


def roll_dirty() -> int:
    """Make every hour anew whose facts changed. Returns how many there were."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM insights_dirtyhour RETURNING grain, hour")
        dirty = cursor.fetchall()
    for grain in Grain:
        roll(grain, sorted(hour for name, hour in dirty if name == grain))
    return len(dirty)
