"""A conversation's events by Server-Sent Events, beside the socket: the same frames, resumable.

An async view: a listener is a coroutine, and the request's own thread is given back before the
stream begins.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asgiref.sync import SyncToAsync
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from redis.exceptions import RedisError

from conversations import front_door, records
from conversations.api import problems
from conversations.api.base import address_of
from conversations.api.callers import (
    Caller,
    bearer,
    customer_caller,
    staff_caller,
    token_caller,
)
from conversations.api.permissions import require
from conversations.front_door import SlowDown
from conversations.models import Scope
from conversations.services.api_tokens import PREFIX
from conversations.streaming import frames
from conversations.streaming.database import run_db
from conversations.streaming.feed import Event, Feed, Position
from conversations.streaming.hub import hub_for_loop
from portal import limits
from portal.core.errors import InvalidInput, ServiceError, Unavailable
from portal.core.metrics import FRAMES

#: What a browser's EventSource waits before it comes back.
RETRY_MS = 1_000
HEARTBEAT = b": still here\n\n"


class BadWait(InvalidInput):
    """The parameter wait is a whole number of seconds from 0 to 50."""

    code = "bad_wait"


class BadMethod(ServiceError):
    """Events are read with GET."""

    code = "bad_method"


@dataclass(frozen=True)
class Listener:
    """Who may listen, from where on and how long."""

    conversation_id: UUID
    address: str
    position: Position
    seconds: float
    member: str


@csrf_exempt  # reads only
async def events(request: HttpRequest, conversation_id: UUID) -> HttpResponseBase:
    """The stream, or a problem before it begins."""
    if request.method != "GET":
        return _problem(BadMethod(), Allow="GET")
    try:
        listener = await run_db(_admit, request, conversation_id)
    except ServiceError as exc:
        return _problem(exc)
    except (DatabaseError, RedisError):
        return _problem(Unavailable())
    hub = hub_for_loop(settings.REDIS_URL)
    feed = Feed(conversation_id, hub, at=listener.position, seconds=listener.seconds)
    return StreamingHttpResponse(
        _stream(feed, listener),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _admit(request: HttpRequest, conversation_id: UUID) -> Listener:
    """Check who asks and for what; takes a place among the listeners. Raises ServiceError."""
    caller = _caller(request, conversation_id)
    require(caller, Scope.CONVERSATIONS_READ, customers_too=True)
    rule = front_door.rule("api", limits.API_CALLS)
    verdict = front_door.limiter().take((rule, caller.key))
    if not verdict.allowed:
        raise SlowDown(verdict.retry_after)
    records.conversation(caller.conversations, conversation_id)
    given = request.headers.get("Last-Event-ID") or request.GET.get("last_event_id", "")
    position = Position.parse(given) if given else Position()
    seconds = _wait(request.GET.get("wait", ""))
    address, member = address_of(request), uuid.uuid4().hex
    if not front_door.hold_places(conversation_id, address, member):
        raise SlowDown(front_door.PLACE_SECONDS)
    return Listener(conversation_id, address, position, seconds, member)


def _caller(request: HttpRequest, conversation_id: UUID) -> Caller:
    """`?token=` is for a browser's EventSource, which can send no header; customers only."""
    header = request.headers.get("Authorization", "")
    if header:
        secret = bearer(header)
        if secret.startswith(PREFIX):
            return token_caller(secret)
        return customer_caller(conversation_id, secret)
    if key := request.GET.get("token", ""):
        return customer_caller(conversation_id, key)
    return staff_caller(request.user)


def _wait(text: str) -> float:
    if not text:
        return limits.EVENTS_STREAM
    if not (text.isascii() and text.isdecimal()) or int(text[:6]) > limits.EVENTS_STREAM:
        raise BadWait
    return float(text)


async def _stream(feed: Feed, listener: Listener) -> AsyncIterator[bytes]:
    _give_back_the_thread()
    try:
        yield f"retry: {RETRY_MS}\n\n".encode()
        async with aclosing(feed.events()) as found:
            async for event in found:
                yield HEARTBEAT if event is None else encode(event)
    finally:
        leave = (listener.conversation_id, listener.address, listener.member)
        asyncio.get_running_loop().run_in_executor(None, front_door.leave_places, *leave)


def _give_back_the_thread() -> None:
    """Django keeps one thread a request, for its middleware, until the response has ended. That
    work is done when the stream begins; should more come, a new thread is made for it."""
    context: Any = SyncToAsync.thread_sensitive_context.get(None)
    executor = SyncToAsync.context_to_thread_executor.pop(context, None) if context else None
    if executor is not None:
        executor.shutdown(wait=False)


def encode(event: Event) -> bytes:
    """One event on the wire. Its id is what to come back with as Last-Event-ID."""
    kind = event.frame["type"]
    FRAMES.labels(kind).inc()
    body = frames.encode(event.frame)
    return f"id: {event.position}\nevent: {kind}\ndata: {body}\n\n".encode()


def _problem(exc: ServiceError, **more: str) -> JsonResponse:
    number, body, headers = problems.of_service_error(exc)
    return JsonResponse(
        body,
        status=number,
        headers={**headers, **more, "Cache-Control": "no-store"},
        content_type=problems.MEDIA_TYPE,
    )
