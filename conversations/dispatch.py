"""Rings the workers: which queue a turn's wake-up goes to, and what if the broker is away.

A wake-up carries the turn's id only. Losing one costs time, never a turn: the sweeper rings again.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from django.db import connection
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.retry import Retry

from conversations.inference.breaker_store import Breakers
from conversations.inference.ladder import Step
from conversations.inference.remote_rungs import BadRemoteRung, RemoteRung, order, parse
from conversations.inference.rungs import RungReport, Rungs
from conversations.streaming.doorbell import doorbell
from conversations.streaming.publisher import TurnStream
from portal import limits, telemetry
from portal.celery import app
from portal.core.events import emit
from portal.core.metrics import WAKE_UPS
from portal.core.prepared import prepared_cursor

REPLY = "conversations.reply"
SWEEP = "conversations.sweep_turns"
WATCH = "conversations.watch_desk"
SUGGEST = "conversations.suggest"
REWRITE = "conversations.rewrite"
RENEW = "conversations.renew_knowledge"
MAIL = "conversations.mail_customers"
FILL_REVIEW = "conversations.fill_review"
RETAIN = "conversations.apply_retention"
DEFAULT_QUEUE = "default"


def _configured() -> tuple[RemoteRung, ...]:
    """The remote rungs; a setting that cannot be used is an error of `manage.py check`."""
    try:
        return parse(settings.CONFIG.remote_rungs)
    except BadRemoteRung as exc:
        logging.getLogger("portal.ladder").error("PORTAL_REMOTE_RUNGS is not used: %s", exc)
        return ()


remote_rungs = _configured()
#: All rungs that write with a model, best first.
LADDER = order(remote_rungs, scripted=settings.CONFIG.tier == "scripted")
rungs = Rungs(settings.REDIS_URL, LADDER)
breakers = Breakers(settings.REDIS_URL)
#: One quick retry: an answer that is being written does not wait for a lost Redis.
stream_client = redis.Redis.from_url(
    settings.REDIS_URL,
    socket_timeout=2,
    socket_connect_timeout=2,
    retry=Retry(NoBackoff(), 1),
)
#: Publishing may block on a lost broker for seconds; a request does not wait for it.
_publishers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="publish")


def queue_for(tried: list[str]) -> str:
    """The queue of the rung that a turn is sent to; without one, any worker quotes the articles."""
    return route(tried)[0]


def route(tried: list[str]) -> tuple[str, list[Step]]:
    """The queue for a turn, and why better rungs were passed over.

    The best live rung that was not tried, whose breaker is closed and that can keep the time
    promise. Where all are too busy, the best one decides itself (its worker quotes as well as any),
    unless turns wait for its threads already.
    """
    steps: list[Step] = []
    open_rungs = [report for report in rungs.best() if report.tier not in tried]
    passing = []
    for report in open_rungs:
        if breakers.get(report.tier).passes:
            passing.append(report)
        else:
            steps.append(Step(report.tier, "passed_over", "breaker open"))
    for report in passing:
        why = _objection(report)
        if not why:
            return report.tier, steps
        predicted_ms = round(report.predicted_s * 1000)
        steps.append(Step(report.tier, "passed_over", why, predicted_ms))
    if passing and not passing[0].behind:
        return passing[0].tier, []
    return DEFAULT_QUEUE, steps


def _objection(report: RungReport) -> str:
    if report.behind:
        return "turns wait in its queue"
    if report.full:
        return "busy"
    late = report.predicted_s > settings.CONFIG.first_token_budget
    return "late" if late else ""


def ring(turn_id: UUID, *, tried: list[str] | None = None) -> None:
    """Wake a worker for a turn, without waiting for the broker."""
    _publishers.submit(_ring, turn_id, tried or [])


def _send(task: str, kwargs: dict[str, Any], queue: str = DEFAULT_QUEUE) -> bool:
    """Hand a task to the broker; False, and a log line, if it is away."""
    began = datetime.now(UTC)
    try:
        app.send_task(task, kwargs=kwargs, queue=queue, retry=False, ignore_result=True)
    except (OperationalError, OSError) as exc:
        WAKE_UPS.labels(queue, "failed").inc()
        emit("doorbell.failed", level=logging.WARNING, error=type(exc).__name__)
        return False
    WAKE_UPS.labels(queue, "sent").inc()
    if task == REPLY:
        telemetry.since(UUID(kwargs["turn_id"]), "publish", began, queue=queue)
    return True


def _ring(turn_id: UUID, tried: list[str]) -> None:
    queue, steps = route(tried)
    way = [step.as_json() for step in steps]
    if not _send(REPLY, {"turn_id": str(turn_id), "route": way}, queue):
        return
    try:
        _note_queued(turn_id)
    finally:
        connection.close()  # this thread belongs to no request that would give it back


#: Nobody waits for the disk: a note that a crash of the database takes is rung once more.
_NOTE_QUEUED = """
WITH lazily AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
UPDATE conversations_turn SET queued_at = statement_timestamp()
  FROM lazily
 WHERE id = %s AND queued_at IS NULL
"""


def _note_queued(turn_id: UUID) -> None:
    """Write down that the broker has a turn's wake-up, unless that is known."""
    with prepared_cursor() as cursor:
        cursor.execute(_NOTE_QUEUED, [turn_id])


def renew_knowledge() -> None:
    """Have a worker that holds the embedding model follow up a change of the articles."""
    _publishers.submit(_send, RENEW, {})


def open_stream(turn_id: UUID, epoch: int) -> TurnStream:
    """The writing end of a turn's text, over one Redis connection pool a process."""
    return TurnStream(client=stream_client, turn_id=turn_id, epoch=epoch, ttl=limits.STREAM_TTL)


def ring_doorbell(conversation_id: UUID, turn_id: UUID | None = None, head: int = 0) -> None:
    """Tell the sockets of a conversation to look for something new, up to event `head`."""
    doorbell.ring(conversation_id, turn_id, head)
