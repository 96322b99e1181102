"""Hourly sums of the facts. An hour is made anew as a whole, so making it twice is harmless."""

from datetime import datetime
from typing import Any

from django.db import connection

from insights.measures import COMPONENTS, DIMENSIONS, ROLLED, TABLES, Grain


def _statement(grain: Grain) -> str:
    """Every dimension's sums in one reading of the facts."""
    columns = [DIMENSIONS[key].column for key in ROLLED[grain]]
    sets = ", ".join(["(hour)", *(f"(hour, {column})" for column in columns)])
    names = "".join(
        f" WHEN grouping({c}) = 0 THEN '{k}'" for k, c in zip(ROLLED[grain], columns, strict=True)
    )
    values = "".join(f" WHEN grouping({c}) = 0 THEN coalesce({c}::text, '')" for c in columns)
    return f"""
        INSERT INTO insights_rollup (grain, dimension, hour, value, components)
        SELECT '{grain}', CASE{names} ELSE '' END, hour, CASE{values} ELSE '' END,
               ARRAY[{", ".join(COMPONENTS[grain])}]::bigint[]
          FROM (SELECT *, date_trunc('hour', at, 'UTC') AS hour FROM {TABLES[grain]}
                 WHERE at >= %(start)s AND at < %(end)s) facts
         WHERE hour = ANY(%(hours)s)
         GROUP BY GROUPING SETS ({sets})
    """  # the catalogue's own words


_STATEMENTS = {grain: _statement(grain) for grain in Grain}


def roll(grain: Grain, hours: list[datetime]) -> None:
    """Make these hours' sums anew. Call it in the transaction that changed the facts."""
    if not hours:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM insights_rollup WHERE grain = %s AND hour = ANY(%s)", [grain, hours]
        )
        bounds: dict[str, Any] = {"hours": hours, "start": min(hours), "end": max(hours)}
        sql = _STATEMENTS[grain].replace("< %(end)s", "< %(end)s + interval '1 hour'")
        cursor.execute(sql, bounds)


def roll_dirty() -> int:
    """Make every hour anew whose facts changed. Returns how many there were."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM insights_dirtyhour RETURNING grain, hour")
        dirty = cursor.fetchall()
    for grain in Grain:
        roll(grain, sorted(hour for name, hour in dirty if name == grain))
    return len(dirty)
