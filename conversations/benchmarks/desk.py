"""Fills a database with a desk's worth of work and times its queries. For a database of its own."""

import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.urls import reverse

from conversations.access import Agent, desk_agent
from conversations.escalation.details import read_conversation
from conversations.escalation.lookup import past_answers
from conversations.escalation.queue import parse, read_queue
from conversations.models import AgentProfile, Conversation, Escalation, Message

BATCH = 5_000
TOPICS = ("Delivery", "Returns", "Payments", "Account", "Products")
ASKED = (
    "Where is my parcel with order {n}? It was to come on Monday.",
    "I want to return item {n}, the colour is wrong.",
    "You charged my card twice for invoice {n}.",
    "The coffee machine {n} leaks water from below.",
    "I cannot log in since yesterday, code {n} does not come.",
)


@dataclass(frozen=True)
class Timing:
    """One kind of reading: its queries and its milliseconds over some repetitions."""

    name: str
    queries: int
    p50_ms: float
    p95_ms: float


def seed(*, waiting: int, past: int, now: datetime) -> Agent:
    """Write past conversations and waiting ones in bulk. Returns a supervisor to read as."""
    user, created = get_user_model().objects.get_or_create(username="desk-benchmark")
    if created:
        user.groups.add(Group.objects.get(name="supervisor"))
        AgentProfile.objects.create(user=user)
    for start in range(0, past, BATCH):
        _write(min(BATCH, past - start), user.pk, now, ended=True)
    _write(waiting, user.pk, now, ended=False)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return desk_agent(get_user_model().objects.get(pk=user.pk))


def _write(count: int, agent: int, now: datetime, *, ended: bool) -> None:
    conversations, messages, escalations = [], [], []
    for _ in range(count):
        at = now - timedelta(minutes=random.randrange(1, 500_000 if ended else 300))
        conversation = Conversation(
            id=uuid.uuid4(), token_hash=uuid.uuid4().hex, head_seq=0,
            status="resolved" if ended else "waiting",
        )  # fmt: skip
        number = random.randrange(1000, 99_999)
        texts = [("customer", random.choice(ASKED).format(n=number))]
        texts.append(("assistant", "I have asked a colleague to look at it."))
        if ended:
            texts.append(("agent", f"It is solved: case {number} was sent again."))
        conversations.append(conversation)
        messages += [
            Message(
                conversation=conversation, seq=seq, author=author, text=text, created_at=at,
                user_id=agent if author == "agent" else None,
            )
            for seq, (author, text) in enumerate(texts, start=1)
        ]  # fmt: skip
        escalations.append(
            Escalation(
                conversation=conversation, reason="not_sure", priority=random.randrange(1, 6),
                topic=random.choice(TOPICS), opened_at=at,
                state="resolved" if ended else "waiting",
                agent_id=agent if ended else None,
                claimed_at=at if ended else None, first_claimed_at=at if ended else None,
                ended_at=at if ended else None,
                awaiting_since=None if ended else at,
                first_response_due=at + timedelta(hours=1),
                resolution_due=at + timedelta(hours=24),
            )
        )  # fmt: skip
    Conversation.objects.bulk_create(conversations, batch_size=2_000)
    Message.objects.bulk_create(messages, batch_size=2_000)
    Escalation.objects.bulk_create(escalations, batch_size=2_000)


def measure(agent: Agent, *, now: datetime, repeat: int = 20) -> list[Timing]:
    """Time what opening the desk and working in it reads."""
    first = Escalation.objects.waiting().values_list("conversation_id", flat=True)[0]
    readings: dict[str, Any] = {
        f"queue {query}": lambda query=query: read_queue(agent, parse(query), now)
        for query in (
            {"view": "waiting"}, {"view": "all"}, {"view": "mine"}, {"view": "resolved"},
            {"view": "waiting", "q": "coffee machine"}, {"view": "resolved", "q": "coffee machine"},
            {"view": "resolved", "topic": "Returns"}, {"view": "waiting", "page": "10"},
        )
    }  # fmt: skip
    readings["conversation"] = lambda: read_conversation(agent, first, now)
    for words in ("coffee machine leaks", "nothing like this", "order 4711 on monday"):
        readings[f"past answers to {words!r}"] = lambda words=words: past_answers(agent, words)
    readings |= _requests(agent, first)
    return [_time(name, reading, repeat) for name, reading in readings.items()]


def _requests(agent: Agent, conversation: uuid.UUID) -> dict[str, Any]:
    """What a browser asks for when the desk is opened, with the middleware and templates."""
    client = Client(headers={"host": "localhost"})
    client.force_login(get_user_model().objects.get(pk=agent.id))
    api = reverse("desk-me").removesuffix("me/")
    addresses = {
        "the page": [reverse("desk")],
        "the queue": [f"{api}queue/?view=waiting"],
        "a conversation": [f"{api}conversations/{conversation}/"],
    }
    addresses["all of it, one after the other"] = [reverse("desk"), f"{api}queue/?view=waiting"]

    def ask(wanted: list[str]) -> None:
        for address in wanted:
            answer = client.get(address)
            assert answer.status_code == 200, f"{address} answered {answer.status_code}"

    return {
        f"request: {name}": lambda wanted=wanted: ask(wanted) for name, wanted in addresses.items()
    }


def _time(name: str, reading: Any, repeat: int) -> Timing:
    reading()
    counted = 0

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal counted
        counted += 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):  # a request clears the log of queries
        reading()
    times: list[float] = []
    for _ in range(repeat):
        started = perf_counter()
        reading()
        times.append((perf_counter() - started) * 1000)
    times.sort()
    return Timing(
        name,
        counted,
        round(times[len(times) // 2], 1),
        round(times[int(len(times) * 0.95)], 1),
    )
