"""One question from the terminal through the whole pipeline, as a conversation of its own.

A live model worker answers it; without one, this process does, with the model of its own rung.
"""

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone

from conversations import assembly, dispatch
from conversations.dialogue.memory import Memory
from conversations.inference.backend import BackendUnavailable
from conversations.models import ConversationEvent, Turn
from conversations.retrieval.types import SearchQuery
from conversations.services.explanation import explain
from conversations.services.intake import IntakeService
from conversations.streaming import replay
from conversations.streaming.hub import TurnText
from conversations.streaming.publisher import stream_key
from portal import limits
from portal.core.errors import InvalidInput

_BLOCK_MS = 250
_LOOK_SECONDS = 1.0


class UnaskableQuestion(InvalidInput):
    """A question needs one to 8,000 characters of text."""

    code = "unaskable"


@dataclass
class Asked:
    """A question that is being answered. `pieces` gives the text as it is written."""

    conversation_id: UUID
    turn_id: UUID
    seq: int
    here: bool
    problem: str = ""

    def pieces(self) -> Iterator[str]:
        """The reply's text piece by piece, until it is committed or the deadline is over."""
        turn, shown = TurnText(), 0
        began = looked = monotonic()
        while turn.ended is None and monotonic() - began < limits.DEADLINE:
            _read(self.turn_id, turn)
            if len(turn.text) > shown:
                yield turn.text[shown:]
                shown = len(turn.text)
            if monotonic() - looked > _LOOK_SECONDS:
                looked = monotonic()
                if Turn.objects.filter(pk=self.turn_id).exclude(state__in=Turn.LIVE).exists():
                    break
        message = self.message()
        if message and message["text"].startswith(turn.text):
            yield message["text"][shown:]

    def ladder(self) -> list[dict[str, Any]]:
        """What was done at each rung on the way to the reply, and why."""
        trace = Turn.objects.values_list("trace", flat=True).get(pk=self.turn_id)
        return list(trace.get("ladder", ()))

    def message(self) -> dict[str, Any]:
        """The committed reply as a client sees it; empty if there is none."""
        frames = replay.events_after(self.conversation_id, self.seq)
        done = [f for f in frames if f["type"] == ConversationEvent.Type.REPLY_DONE]
        return done[-1]["message"] if done else {}


def ask(question: str) -> Asked:
    """Post the question. Raises UnaskableQuestion."""
    text = _checked(question)
    intake = IntakeService()
    here = not dispatch.rungs.live()
    problem = _get_ready() if here else ""
    opened = intake.open_conversation(channel="cli")
    accepted = intake.post_message(
        conversation_id=opened.id, client_id=uuid.uuid4(), text=text, now=timezone.now()
    )
    if accepted.turn_id is None:  # a new conversation is the assistant's
        raise UnaskableQuestion
    asked = Asked(opened.id, accepted.turn_id, accepted.seq, here, problem)
    if here:
        threading.Thread(target=_answer, args=(asked,), name="answer", daemon=True).start()
    return asked


def look_up(question: str) -> dict[str, Any]:
    """What search finds and what would be decided, without a conversation or a model's words."""
    text = _checked(question)
    result = assembly.search().search(SearchQuery(text))
    return {
        "query": result.query,
        "articles": [
            {
                "id": article.external_id,
                "title": article.title,
                "url": article.url,
                "score": round(article.score, 3),
                "passage": article.passages[0].text if article.passages else "",
            }
            for article in result.articles[:5]
        ],
        "signals": {name: round(value, 4) for name, value in sorted(result.signals.items())},
    }


def why(question: str) -> dict[str, Any]:
    """Everything that the decision on a question would be made of. Raises UnaskableQuestion."""
    memory = Memory(_checked(question))
    return explain(assembly.judge(), memory, similarity=assembly.likeness())


def _checked(question: str) -> str:
    text = question.strip()
    if not text or len(text) > limits.MESSAGE_CHARS or "\x00" in text:
        raise UnaskableQuestion
    return text


def _get_ready() -> str:
    """Load what a worker would have loaded; returns why there is no model, or nothing."""
    assembly.warm_up()
    try:
        backend = assembly.build_backend(settings.CONFIG, "cpu")
    except BackendUnavailable as exc:
        return exc.reason
    assembly.use_backend(lambda: backend)
    return ""


def _answer(asked: Asked) -> None:
    try:
        assembly.assistant().reply(turn_id=asked.turn_id)
    finally:
        connection.close()


def _read(turn_id: UUID, turn: TurnText) -> None:
    """Take in what the turn's stream has beyond what is known; waits a moment for it."""
    try:
        found: Any = dispatch.stream_client.xread(
            {stream_key(turn_id): turn.last_id}, block=_BLOCK_MS
        )
    except redis.RedisError:
        return
    for _, entries in found or ():
        for entry_id, fields in entries:
            turn.last_id = entry_id
            turn.apply(fields)
