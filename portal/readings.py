"""What PostgreSQL and Redis know of an installation's demand and supply, in a round trip each."""

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import connection

from conversations.dispatch import DEFAULT_QUEUE, LADDER, rungs
from conversations.inference.rungs import RungReport
from portal import limits

#: The live turns and open escalations have partial indexes, so this reads what is open only.
_QUERY = f"""
SELECT 'queued', tiers_tried::text, count(*),
       extract(epoch FROM now() - min(accepted_at))::float8
  FROM conversations_turn WHERE state = 'queued' GROUP BY 2
UNION ALL
SELECT 'running', '', count(*), 0 FROM conversations_turn WHERE state = 'running'
UNION ALL
SELECT 'orphaned', '', count(*), 0
  FROM conversations_turn WHERE state = 'running' AND lease_until < now()
UNION ALL
SELECT 'overdue', '', count(*), 0 FROM conversations_turn
 WHERE state IN ('queued', 'running')
   AND deadline_at < now() - interval '{3 * limits.REAP:g} seconds'
UNION ALL
SELECT 'escalations', state, count(*), extract(epoch FROM now() - min(opened_at))::float8
  FROM conversations_escalation WHERE state IN ('waiting', 'claimed') GROUP BY 2
UNION ALL
SELECT 'breached', state, count(*), 0 FROM conversations_escalation
 WHERE state IN ('waiting', 'claimed') AND breaches <> '{{}}' GROUP BY 2
UNION ALL
SELECT 'connections', coalesce(state, 'other'), count(*), 0
  FROM pg_stat_activity WHERE datname = current_database() GROUP BY 2
UNION ALL
SELECT 'bytes', '', pg_database_size(current_database()), 0
"""  # noqa: S608 (a number of ours)


@dataclass(frozen=True)
class Demand:
    """What the database knows: (what, of which kind) -> (count, age of the oldest in seconds)."""

    rows: dict[tuple[str, str], tuple[float, float]]

    def count(self, what: str, kind: str = "") -> float:
        return self.rows.get((what, kind), (0.0, 0.0))[0]

    def age(self, what: str, kind: str = "") -> float:
        return self.rows.get((what, kind), (0.0, 0.0))[1]

    def kinds(self, what: str) -> list[str]:
        return [kind for name, kind in self.rows if name == what]


@dataclass(frozen=True)
class Supply:
    """What Redis knows: lengths of the queues (empty with another broker), and the workers."""

    depths: dict[str, int] = field(default_factory=dict)
    unacknowledged: int = 0
    memory: int = 0
    reports: tuple[RungReport, ...] = ()

    @property
    def rungs(self) -> list[str]:
        """Rungs that need workers, best first: the ladder's, and whatever else is announced."""
        return list(dict.fromkeys((*LADDER, *(report.tier for report in self.reports))))


def read_demand() -> Demand:
    try:
        with connection.cursor() as cursor:
            cursor.execute(_QUERY)
            rows = {(what, kind): (float(n), float(age)) for what, kind, n, age in cursor}
        return Demand(rows)
    finally:
        connection.close()


@cache
def _redis() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.8, socket_connect_timeout=0.8)


@cache
def _broker() -> "redis.Redis | None":
    url = settings.CELERY_BROKER_URL
    if not url.startswith(("redis", "unix")):
        return None
    url = url.replace("redis+socket://", "unix://").replace("virtual_host=", "db=")
    return redis.Redis.from_url(url, socket_timeout=0.8, socket_connect_timeout=0.8)


def read_supply() -> Supply:
    memory: Any = _redis().info("memory")
    seen = Supply(memory=memory["used_memory"], reports=tuple(rungs.reports()))
    if (broker := _broker()) is None:
        return seen
    queues = [*seen.rungs, DEFAULT_QUEUE]
    pipe = broker.pipeline(transaction=False)
    for queue in queues:
        pipe.llen(queue)
    pipe.hlen("unacked")
    *lengths, unacknowledged = pipe.execute()
    depths = dict(zip(queues, lengths, strict=True))
    return replace(seen, depths=depths, unacknowledged=unacknowledged)


def rung_for(tried: str, live: list[str]) -> str:
    """The queue that a waiting turn is rung on: the best live rung that it has not tried."""
    return next((rung for rung in live if f'"{rung}"' not in tried), DEFAULT_QUEUE)
