"""How soon an event is on every open desk: real sockets on a running portal."""

import asyncio
import contextlib
import json
import time
import uuid
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone
from websockets.asyncio.client import ClientConnection, connect

from conversations.access import Agent, desk_agent
from conversations.benchmarks.client import PortalUnreachable, socket_address
from conversations.escalation.tending import TendingService
from conversations.models import AuditEntry, Conversation
from conversations.services.intake import IntakeService

#: Between two events: they come one by one, as people make them.
PAUSE = 0.25
PATIENCE = 30.0
EVENT = "escalation.prioritised"
BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True)
class Spread:
    """What the desks saw. Milliseconds count from before the change was asked for to its arrival
    at a desk; `whole` is what its last desk took."""

    desks: int
    events: int
    lost: int
    doubled: int
    p50_ms: float
    p95_ms: float
    worst_ms: float
    whole_p95_ms: float


@dataclass(frozen=True)
class Login:
    agent: Agent
    session: str


def measure_desks(url: str, *, desks: int, events: int) -> Spread:
    """Open so many desks, each with an agent and a session of its own, and change a conversation.

    What it writes stays (the log of the desk forgets nothing), but for the sessions. Raises
    PortalUnreachable.
    """
    logins = [_log_in(number) for number in range(desks)]
    conversation = _waiting()
    try:
        moments, heard = asyncio.run(_run(url, logins, conversation, events))
        sent = dict(zip(_ids(conversation), moments, strict=True))
    except OSError as exc:
        raise PortalUnreachable(f"{PortalUnreachable.__doc__} ({exc})") from exc
    finally:
        for login in logins:
            _sessions()().delete(login.session)
        Conversation.objects.filter(pk=conversation).delete()
    return spread(sent, heard)


def spread(sent: dict[int, float], heard: list[list[tuple[int, float]]]) -> Spread:
    """Sum up when each event was asked for and, for each desk, which events came when."""
    delays: list[float] = []
    last = dict.fromkeys(sent, 0.0)
    lost = doubled = 0
    for desk in heard:
        came: dict[int, float] = {}
        for event, at in desk:
            doubled += event in came
            came.setdefault(event, at)
        lost += len(sent.keys() - came.keys())
        for event in sent.keys() & came.keys():
            delay = (came[event] - sent[event]) * 1000
            delays.append(delay)
            last[event] = max(last[event], delay)
    delays.sort()
    whole = sorted(last.values())
    return Spread(
        desks=len(heard),
        events=len(sent),
        lost=lost,
        doubled=doubled,
        p50_ms=_at(delays, 0.5),
        p95_ms=_at(delays, 0.95),
        worst_ms=_at(delays, 1),
        whole_p95_ms=_at(whole, 0.95),
    )


def _at(ordered: list[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1) if ordered else 0.0


def _sessions() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore


def _log_in(number: int) -> Login:
    """An agent who cannot log in by password, and a session."""
    user, created = get_user_model().objects.get_or_create(username=f"desk-benchmark-{number}")
    if created:
        user.set_unusable_password()
        user.save()
        user.groups.add(Group.objects.get(name="agent"))
    session = _sessions()()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return Login(desk_agent(user), str(session.session_key))


def _waiting() -> uuid.UUID:
    opened = IntakeService().open_conversation()
    IntakeService().request_person(conversation_id=opened.id, now=timezone.now())
    return opened.id


def _ids(conversation: uuid.UUID) -> list[int]:
    """The ids of the events, in the order in which they were made."""
    made = AuditEntry.objects.filter(conversation_id=conversation, action=EVENT)
    return list(made.order_by("id").values_list("id", flat=True))


async def _run(
    url: str, logins: list[Login], conversation: uuid.UUID, events: int
) -> tuple[list[float], list[list[tuple[int, float]]]]:
    parts = urlsplit(url)
    change = sync_to_async(TendingService().prioritise, thread_sensitive=False)
    async with AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(
                connect(
                    socket_address(url, "/ws/desk/"),
                    additional_headers={
                        "Cookie": f"{settings.SESSION_COOKIE_NAME}={login.session}",
                        "Origin": f"{parts.scheme}://{parts.netloc}",
                    },
                    open_timeout=PATIENCE,
                )
            )
            for login in logins
        ]
        await asyncio.gather(*(_hello(socket) for socket in sockets))
        listening = [
            asyncio.create_task(_events(socket, str(conversation), events)) for socket in sockets
        ]
        sent: list[float] = []
        for number in range(events):
            sent.append(time.perf_counter())
            await change(
                agent=logins[0].agent, conversation_id=conversation,
                priority=number % 5 + 1, now=timezone.now(),
            )  # fmt: skip
            await asyncio.sleep(PAUSE)
        return sent, list(await asyncio.gather(*listening))


async def _hello(socket: ClientConnection) -> None:
    async with asyncio.timeout(PATIENCE):
        while json.loads(await socket.recv())["type"] != "desk.hello":
            pass


async def _events(
    socket: ClientConnection, conversation: str, events: int
) -> list[tuple[int, float]]:
    """The changes that came, by their ids, and when; what is missing in the end is counted."""
    found: list[tuple[int, float]] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE + events * PAUSE):
            while len({event for event, _at in found}) < events:
                frame = json.loads(await socket.recv())
                at = time.perf_counter()
                if frame.get("conversation") == conversation and frame.get("event") == EVENT:
                    found.append((frame["id"], at))
    return found
