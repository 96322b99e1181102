"""What /metrics says of the whole installation, read at the scrape: turns, desk, queues, workers.

Every web process says the same, so queries over it take `max`, never `sum`. One query of
PostgreSQL and one round trip to Redis, each with a second at most; what does not answer is shown
as down, and its gauges are left out rather than repeated.
"""

import logging
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLong
from typing import Any

from django.conf import settings
from django.db import connection
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from conversations.dispatch import DEFAULT_QUEUE
from conversations.inference.rungs import RungReport
from portal.readings import Demand, Supply, read_demand, read_supply, rung_for

logger = logging.getLogger("portal.gauges")

SECONDS = 1.0
#: What the workers of a rung have together.
_SUMS: tuple[tuple[str, str, Callable[[RungReport], int]], ...] = (
    ("portal_model_slots", "Replies that the rung can write at once", lambda r: r.slots),
    ("portal_model_slots_used", "Replies that it writes now", lambda r: r.active),
    ("portal_worker_threads", "Turns that its workers can hold at once", lambda r: r.threads),
    ("portal_worker_threads_busy", "Turns that they answer now", lambda r: r.busy),
)
_pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="gauges")


class InstallationCollector(Collector):
    """Prometheus' reading end. `demand` and `supply` are replaced in tests."""

    def __init__(
        self,
        demand: Callable[[], Demand] = read_demand,
        supply: Callable[[], Supply] = read_supply,
    ) -> None:
        self.demand, self.supply = demand, supply

    def collect(self) -> Iterator[GaugeMetricFamily]:
        asked: dict[str, Future[Any]] = {
            "database": _pool.submit(self.demand),
            "redis": _pool.submit(self.supply),
        }
        answers = {name: _answer(name, future) for name, future in asked.items()}
        up = _gauge("portal_dependency_up", "Whether it answered within a second", "dependency")
        for name, answer in answers.items():
            up.add_metric([name], float(answer is not None))
        yield up
        supply, demand = answers["redis"], answers["database"]
        if supply is not None:
            yield from _of_supply(supply)
        if demand is not None:
            seen = supply if supply is not None else Supply()
            ready = {report.tier for report in seen.reports if report.ready}
            yield from _of_turns(demand, seen.rungs, [r for r in seen.rungs if r in ready])
            yield from _of_desk(demand)
            yield from _of_database(demand)
        yield from _of_disk()


def _answer(name: str, future: "Future[Any]") -> Any:
    try:
        return future.result(timeout=SECONDS)
    except TooLong:
        future.cancel()
        logger.warning("%s did not answer the scrape within a second.", name)
    except Exception as error:  # noqa: BLE001 (whatever it was: it is down, and the scrape goes on)
        logger.warning("The scrape could not read %s: %s", name, type(error).__name__)
    return None


def _gauge(name: str, documentation: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, documentation, labels=labels)


def _of_supply(supply: Supply) -> Iterator[GaugeMetricFamily]:
    depth = _gauge("portal_broker_queue_tasks", "Tasks that wait in Celery's queue", "queue")
    for queue, length in supply.depths.items():
        depth.add_metric([queue], length)
    yield depth
    yield GaugeMetricFamily(
        "portal_broker_unacknowledged_tasks", "Tasks in workers' hands", supply.unacknowledged
    )
    yield GaugeMetricFamily("portal_redis_memory_bytes", "Memory that Redis uses", supply.memory)
    workers = _gauge("portal_model_workers", "Workers that announce a rung", "rung", "state")
    found = Counter((r.tier, "ready" if r.ready else "unready") for r in supply.reports)
    for rung in supply.rungs:
        for state in ("ready", "unready"):
            workers.add_metric([rung, state], found[rung, state])
    yield workers
    yield from _of_rungs(supply)


def _of_rungs(supply: Supply) -> Iterator[GaugeMetricFamily]:
    """What the ready workers say of themselves, every few seconds."""
    for name, documentation, figure in _SUMS:
        family = _gauge(name, documentation, "rung")
        for rung in supply.rungs:
            family.add_metric([rung], sum(figure(r) for r in supply.reports if r.tier == rung))
        yield family
    predicted = _gauge(
        "portal_predicted_first_token_seconds",
        "When the next turn would see its first token, on the rung's least busy worker",
        "rung",
    )
    for rung in supply.rungs:
        ready = [r.predicted_s for r in supply.reports if r.tier == rung and r.ready]
        if ready:
            predicted.add_metric([rung], min(ready))
    yield predicted


def _of_turns(demand: Demand, rungs: list[str], live: list[str]) -> Iterator[GaugeMetricFamily]:
    counts: Counter[str] = Counter()
    oldest = dict.fromkeys([*rungs, DEFAULT_QUEUE], 0.0)
    for tried in demand.kinds("queued"):
        rung = rung_for(tried, live)
        counts[rung] += int(demand.count("queued", tried))
        oldest[rung] = max(oldest[rung], demand.age("queued", tried))
    queued = _gauge("portal_turns_queued", "Turns that no worker has claimed", "rung")
    age = _gauge("portal_turns_oldest_queued_seconds", "Age of the oldest of them", "rung")
    for rung in oldest:
        queued.add_metric([rung], counts[rung])
        age.add_metric([rung], oldest[rung])
    yield queued
    yield age
    for name, documentation in (
        ("running", "Turns that a worker answers"),
        ("orphaned", "Turns whose worker has gone silent"),
        ("overdue", "Turns that live on after their deadline: nobody told the customer"),
    ):
        yield GaugeMetricFamily(f"portal_turns_{name}", documentation, demand.count(name))


def _of_desk(demand: Demand) -> Iterator[GaugeMetricFamily]:
    open_ = _gauge("portal_escalations_open", "Conversations that need a person", "state")
    breached = _gauge("portal_escalations_breached", "Those with a missed promise", "state")
    for state in ("waiting", "claimed"):
        open_.add_metric([state], demand.count("escalations", state))
        breached.add_metric([state], demand.count("breached", state))
    yield open_
    yield breached
    yield GaugeMetricFamily(
        "portal_escalations_oldest_waiting_seconds",
        "Age of the oldest that nobody has taken",
        demand.age("escalations", "waiting"),
    )


def _of_database(demand: Demand) -> Iterator[GaugeMetricFamily]:
    sessions = _gauge("portal_database_sessions", "Sessions of this database", "state")
    for state in demand.kinds("connections"):
        sessions.add_metric([state], demand.count("connections", state))
    yield sessions
    yield GaugeMetricFamily("portal_database_bytes", "Size of the database", demand.count("bytes"))


def _of_disk() -> Iterator[GaugeMetricFamily]:
    usage = shutil.disk_usage(settings.CONFIG.var if settings.CONFIG.var.exists() else "/")
    yield GaugeMetricFamily("portal_disk_bytes", "Size of the state folder's disk", usage.total)
    yield GaugeMetricFamily("portal_disk_free_bytes", "What is free of it", usage.free)


class PoolCollector(Collector):
    """This process's pool of database connections."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        pool = getattr(connection, "pool", None)
        stats = pool.get_stats() if pool is not None else {}
        for name, key, documentation in (
            ("size", "pool_size", "Connections that are open"),
            ("available", "pool_available", "Connections that nobody uses"),
            ("waiting", "requests_waiting", "Requests that wait for a connection"),
            ("max", "pool_max", "Connections at most"),
        ):
            value = stats.get(key, 0)
            yield GaugeMetricFamily(f"portal_database_pool_{name}", documentation, value)


#: Read at the scrape of a web process; a registry of its own, which asks nobody when it is made.
INSTALLATION = CollectorRegistry(auto_describe=False)
INSTALLATION.register(InstallationCollector())
PROCESS = CollectorRegistry(auto_describe=False)
PROCESS.register(PoolCollector())
