"""A customer's socket and an assistant of the tests: what the tests of the path share."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from channels.testing import WebsocketCommunicator
from django.db import connection
from django.utils import timezone

from conversations import dispatch
from conversations.dialogue.memory import Memory
from conversations.inference.backend import GenerationBackend
from conversations.models import (
    Article,
    Turn,
)
from conversations.retrieval.types import ArticleHit
from conversations.services.assistant import IntelligentAssistantService
from conversations.services.drafting import Drafting
from conversations.services.intake import NewConversation
from conversations.services.judgement import Judgement, LastTurn
from conversations.services.keeper import LeaseKeeper
from portal.asgi import application

RETURNS = (
    "You can return an item within 30 days of delivery. "
    "Refunds are paid within 5 business days to the original payment method."
)
GROUNDED = ("You can return an item ", "within 30 days of delivery. ", "Refunds are paid ",
            "within 5 business days ", "to the original payment method.")  # fmt: skip


class OneArticle:
    """A judge with one article, which answers everything."""

    def __init__(self, article: Article) -> None:
        self.hit = ArticleHit(
            article.pk, article.external_id, 1, article.title, "/help/returns/", 1.0, ()
        )

    def judge(self, memory: Memory, *, last: LastTurn, rung: str = "") -> Judgement:
        return Judgement("answer", "article", 0.9, articles=(self.hit,))


class NoArticle:
    def judge(self, memory: Memory, *, last: LastTurn, rung: str = "") -> Judgement:
        return Judgement(
            "escalate", "no_article", 0.1, reply="I do not know.", hand_over="no_article"
        )


def assistant(
    judge: Any, backend: GenerationBackend | None, keeper: LeaseKeeper | None = None
) -> IntelligentAssistantService:
    return IntelligentAssistantService(
        judge=judge,
        backend=lambda: backend,
        drafting=Drafting("Northwind", 100, 0.0, 256, timezone.now),
        open_stream=dispatch.open_stream,
        keeper=keeper or LeaseKeeper(interval=0.1),
        ring=dispatch.ring_doorbell,
        now=timezone.now,
    )


@asynccontextmanager
async def socket(
    created: NewConversation, token: str | None = None
) -> AsyncIterator[WebsocketCommunicator]:
    path = f"/ws/conversations/{created.id}/?token={token or created.token}"
    communicator = WebsocketCommunicator(application, path)
    connected, _ = await communicator.connect(timeout=5)
    assert connected
    try:
        yield communicator
    finally:
        await communicator.disconnect()


async def frames_until(
    communicator: WebsocketCommunicator, kind: str, seconds: float = 10
) -> list[dict[str, Any]]:
    frames: list[dict[str, Any]] = []
    while not frames or frames[-1]["type"] != kind:
        frames.append(json.loads(await communicator.receive_from(timeout=seconds)))
    return frames


def said(frames: list[dict[str, Any]]) -> str:
    """What a client that keeps the protocol holds at the end."""
    text = ""
    for frame in frames:
        if frame["type"] == "reply.delta":
            assert frame["offset"] <= len(text)
            text += frame["text"][max(0, len(text) - frame["offset"]) :]
    return text


def send(text: str, client_id: str | None = None) -> str:
    return json.dumps(
        {"type": "message.send", "client_id": client_id or str(uuid.uuid4()), "text": text}
    )


async def answer(service: IntelligentAssistantService) -> bool:
    """Answer the live turn as a worker's thread does."""

    def run() -> bool:
        try:
            turn = Turn.objects.get(state__in=Turn.LIVE)
            return service.reply(turn_id=turn.pk)
        finally:
            connection.close()

    return await asyncio.to_thread(run)


async def in_thread(call: Callable[[], Any]) -> Any:
    def run() -> Any:
        try:
            return call()
        finally:
            connection.close()

    return await asyncio.to_thread(run)
