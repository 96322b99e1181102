"""Rings the workers: which queue a turn's wake-up goes to, and what if the broker is away.

A wake-up carries the turn's id only. Losing one costs time, never a turn: the sweeper rings again.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import redis
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.retry import Retry

from conversations.inference.rungs import Rungs
from conversations.models import Turn
from conversations.streaming.doorbell import doorbell
from conversations.streaming.publisher import TurnStream
from portal import limits, telemetry
from portal.celery import app
from portal.core.events import emit
from portal.core.metrics import WAKE_UPS

REPLY = "conversations.reply"
SWEEP = "conversations.sweep_turns"
WATCH = "conversations.watch_desk"
SUGGEST = "conversations.suggest"
REWRITE = "conversations.rewrite"
RENEW = "conversations.renew_knowledge"
DEFAULT_QUEUE = "default"

rungs = Rungs(settings.REDIS_URL)
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
    """The best live rung that was not tried yet; without one, any worker quotes the articles."""
    for rung in rungs.live():
        if rung not in tried:
            return rung
    return DEFAULT_QUEUE


def ring(turn_id: UUID, *, tried: list[str] | None = None) -> None:
    """Wake a worker for a turn, without waiting for the broker."""
    _publishers.submit(_ring, turn_id, tried or [])


def _send(task: str, kwargs: dict[str, str], queue: str = DEFAULT_QUEUE) -> bool:
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
    if not _send(REPLY, {"turn_id": str(turn_id)}, queue_for(tried)):
        return
    try:
        Turn.objects.filter(pk=turn_id, queued_at__isnull=True).update(queued_at=Now())
    finally:
        connection.close()  # this thread belongs to no request that would give it back


def renew_knowledge() -> None:
    """Have a worker that holds the embedding model follow up a change of the articles."""
    _publishers.submit(_send, RENEW, {})


def open_stream(turn_id: UUID, epoch: int) -> TurnStream:
    """The writing end of a turn's text, over one Redis connection pool a process."""
    return TurnStream(client=stream_client, turn_id=turn_id, epoch=epoch, ttl=limits.STREAM_TTL)


def ring_doorbell(conversation_id: UUID, turn_id: UUID | None = None) -> None:
    """Tell the sockets of a conversation to look for something new."""
    doorbell.ring(conversation_id, turn_id)
