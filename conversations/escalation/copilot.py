"""CopilotService: a suggested reply and a rewriting, made by a worker and streamed to the desk.

A suggestion comes from the same judge and the same grounded drafting as the assistant's answers.
Its text travels in a stream of its own, named by the request; the result lies beside it for a
while. Nothing here is a record: what the agent sends is.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID, uuid5

import redis

from conversations.dialogue.memory import Memory, Utterance, recall
from conversations.dialogue.prompt import fence
from conversations.escalation.errors import NoModel
from conversations.inference.backend import (
    BackendUnavailable,
    ChatMessage,
    GenerationBackend,
    GenerationRequest,
)
from conversations.inference.ladder import Ladder
from conversations.models import Conversation, Message
from conversations.services.drafting import Drafting
from conversations.services.judgement import Judge, LastTurn
from conversations.services.keeper import HeldLease
from conversations.services.sources import gather
from conversations.services.turns import Lease, LostTurn
from conversations.streaming.publisher import Fenced, StopRequested, TurnStream
from portal.core.errors import ServiceError
from portal.core.service import BaseService

SECONDS = 60.0
REWRITE_TOKENS = 300
RESULT_TTL = 120
HISTORY = 30
STYLES = ("shorter", "friendlier", "language")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_INSTRUCTIONS = {
    "shorter": "Rewrite the message below so that it is shorter. Keep every fact.",
    "friendlier": "Rewrite the message below so that it is warmer and friendlier. Keep every fact.",
    "language": "Translate the message below into {language}. Keep every fact.",
}


class NothingToSuggest(ServiceError):
    """No article answers this, so there is nothing to suggest from."""

    code = "no_article"


class NotFaithful(ServiceError):
    """The model changed a figure of your text, so its version is not shown."""

    code = "not_faithful"


@dataclass(frozen=True)
class Suggestion:
    text: str
    sources: tuple[dict[str, Any], ...]
    tier: str
    sure: bool


def result_key(request: UUID | str) -> str:
    return f"portal:copilot:{request}"


def stream_id(agent_id: int, request: UUID) -> UUID:
    """The stream of an agent's request. The page names the request, never a stream: so that
    nobody can name a turn's stream, read it or write into it."""
    return uuid5(request, f"copilot of {agent_id}")


def asked_key(request: UUID | str) -> str:
    """Where the text to rewrite lies: a task carries ids only."""
    return f"portal:copilot:{request}:asked"


class CopilotService(BaseService):
    """Runs in a worker: `backend` is its model, or None where it can only quote."""

    name = "copilot"

    def __init__(
        self,
        *,
        judge: Judge,
        backend: Callable[[], GenerationBackend | None],
        drafting: Drafting,
        open_stream: Callable[[UUID, int], TurnStream],
        client: redis.Redis,
    ) -> None:
        super().__init__()
        self.judge, self.backend, self.drafting = judge, backend, drafting
        self.open_stream, self.client = open_stream, client

    def suggest(self, *, request: UUID, conversation_id: UUID) -> None:
        """Write a suggested reply into the request's stream, and its result beside it."""
        stream = self.open_stream(request, 1)
        try:
            with self.operation("suggest"):
                stream.open()
                suggestion = self._suggest(request, conversation_id, stream)
                result: dict[str, Any] = {
                    "text": suggestion.text,
                    "sources": list(suggestion.sources),
                    "tier": suggestion.tier,
                    "sure": suggestion.sure,
                    "grounded": True,
                }
        except (LostTurn, Fenced, StopRequested):
            return
        except ServiceError as exc:
            result = {"code": exc.code, "detail": exc.detail}
        self._keep(request, result)
        stream.end(1)

    def _suggest(self, request: UUID, conversation_id: UUID, stream: TurnStream) -> Suggestion:
        memory = self._recall(conversation_id)
        if not memory.question:
            raise NothingToSuggest
        judged = self.judge.judge(memory, last=LastTurn())
        sure = judged.action == "answer" and bool(judged.articles)
        found = judged.articles or (judged.result.articles[:2] if judged.result else ())
        if not found:
            raise NothingToSuggest
        sources = gather(found)
        lease = Lease(request, conversation_id, request, 1)
        draft = self.drafting.write(
            memory=memory,
            sources=sources.sources,
            descent=Ladder.of(self.backend).descent(),
            stream=stream,
            held=HeldLease(lease),
            seconds_left=SECONDS,
        )
        cited = sources.citations(draft.sources)
        if not draft.text.strip():
            raise NothingToSuggest
        return Suggestion(
            text=draft.text,
            sources=tuple(
                {"number": item.number, "title": item.title, "url": item.url} for item in cited
            ),
            tier=draft.tier,
            sure=sure,
        )

    def _recall(self, conversation_id: UUID) -> Memory:
        """The conversation up to the customer's last words."""
        said = list(
            Message.objects.filter(conversation_id=conversation_id)
            .exclude(author=Message.Author.SYSTEM)
            .order_by("-seq")
            .values_list("author", "text")[:HISTORY]
        )[::-1]
        while said and said[-1][0] != Message.Author.CUSTOMER:
            said.pop()
        utterances = [
            Utterance("user" if author == Message.Author.CUSTOMER else "agent", text)
            for author, text in said
        ]
        return recall(utterances, budget_tokens=400, message_tokens=120)

    def rewrite(self, *, request: UUID, conversation_id: UUID) -> None:
        """Rewrite an agent's text with the live model; without one the result says so."""
        raw: Any = self.client.getdel(asked_key(request))
        if raw is None:
            return  # a redelivered task, or nobody waits any more
        asked = json.loads(raw)
        text, style = asked["text"], asked["style"]
        try:
            with self.operation("rewrite"):
                written = self._rewrite(request, conversation_id, text, style)
                result: dict[str, Any] = {"text": written}
        except ServiceError as exc:
            result = {"code": exc.code, "detail": exc.detail}
        self._keep(request, result)

    def _rewrite(self, request: UUID, conversation_id: UUID, text: str, style: str) -> str:
        backend = self.backend()
        if backend is None:
            raise NoModel
        language = (
            Conversation.objects.filter(pk=conversation_id)
            .values_list("language", flat=True)
            .first()
        )
        order = _INSTRUCTIONS[style].format(language=language or "the customer's language")
        asked = GenerationRequest(
            request_id=f"rewrite/{request}",
            messages=(
                ChatMessage("system", f"{order} Answer with the rewritten message only."),
                ChatMessage("user", fence(text)),
            ),
            max_tokens=REWRITE_TOKENS,
            deadline=monotonic() + SECONDS,
        )
        try:
            written = "".join(backend.start(asked)).strip()
        except (BackendUnavailable, ValueError) as exc:
            raise NoModel from exc
        if not written or not keeps_figures(text, written):
            raise NotFaithful
        return written

    def _keep(self, request: UUID, result: dict[str, Any]) -> None:
        key = result_key(request)
        pipe = self.client.pipeline(transaction=True)
        pipe.rpush(key, json.dumps(result))
        pipe.expire(key, RESULT_TTL)
        pipe.execute()


def keeps_figures(before: str, after: str) -> bool:
    """Whether a rewriting has the same figures: none lost, none invented."""
    return sorted(set(_NUMBER.findall(before))) == sorted(set(_NUMBER.findall(after)))
