"""From a customer's frame to the reply on the socket and the record in the database."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.db import connection
from django.utils import timezone

from conversations import dispatch
from conversations.dialogue.memory import Memory
from conversations.inference.backend import BackendUnavailable, GenerationBackend
from conversations.inference.scripted import ScriptedBackend
from conversations.models import (
    Article,
    ConversationEvent,
    Escalation,
    Message,
    Passage,
    Turn,
)
from conversations.retrieval.types import ArticleHit
from conversations.services.assistant import IntelligentAssistantService
from conversations.services.drafting import Drafting
from conversations.services.intake import IntakeService, NewConversation
from conversations.services.judgement import Judgement, LastTurn
from conversations.services.keeper import LeaseKeeper
from portal.asgi import application

pytestmark = pytest.mark.django_db(transaction=True)

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

    def judge(self, memory: Memory, *, last: LastTurn) -> Judgement:
        return Judgement("answer", "article", 0.9, articles=(self.hit,))


class NoArticle:
    def judge(self, memory: Memory, *, last: LastTurn) -> Judgement:
        return Judgement(
            "escalate", "no_article", 0.1, reply="I do not know.", hand_over="no_article"
        )


@pytest.fixture
def article() -> Article:
    article = Article.objects.create(
        external_id="returns", slug="returns", title="Returns", body=RETURNS, digest="x"
    )
    Passage.objects.create(article=article, revision=1, ordinal=0, text=RETURNS)
    return article


@pytest.fixture
def conversation() -> NewConversation:
    return IntakeService().open_conversation()


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


async def test_a_question_is_accepted_streamed_and_done_and_the_record_agrees(
    conversation: NewConversation, article: Article
) -> None:
    async with socket(conversation) as customer:
        await customer.send_to(send("How long can I return?"))
        accepted = (await frames_until(customer, "message.accepted"))[-1]
        assert accepted["seq"] == 1
        backend = ScriptedBackend(default=GROUNDED, delay=0.01)
        answering = asyncio.create_task(answer(assistant(OneArticle(article), backend)))
        frames = await frames_until(customer, "reply.done")
        assert await answering
    done = frames[-1]["message"]
    assert said(frames) == done["text"] == "".join(GROUNDED)
    assert done["citations"] == [{"number": 1, "title": "Returns", "url": "/help/returns/"}]
    assert done["decision"] == "answer"
    assert done["tier"] == "scripted"
    steps = ("claimed_ms", "retrieved_ms", "decided_ms", "first_token_ms", "done_ms")
    times = [done["timings"][step] for step in steps]
    assert times == sorted(times)
    turn = await in_thread(lambda: Turn.objects.select_related("reply").get())
    assert turn.reply.text == done["text"]
    assert str(turn.message_id) == done["id"]


async def test_two_sockets_and_one_that_comes_late_see_the_same_conversation(
    conversation: NewConversation, article: Article
) -> None:
    backend = ScriptedBackend(default=GROUNDED, delay=0.15)
    async with socket(conversation) as first, socket(conversation) as second:
        await first.send_to(send("How long can I return?"))
        await frames_until(first, "message.accepted")
        answering = asyncio.create_task(answer(assistant(OneArticle(article), backend)))
        await frames_until(second, "reply.delta")
        async with socket(conversation) as late:
            await late.send_to('{"type": "resume", "after": 0}')
            frames = await frames_until(late, "reply.done")
        assert [frame["seq"] for frame in frames if "seq" in frame] == [1, 2]
        assert said(frames) == "".join(GROUNDED)
        await frames_until(first, "reply.done")
        await frames_until(second, "reply.done")
        assert await answering


async def test_an_unsupported_sentence_is_replaced_by_a_quotation(
    conversation: NewConversation, article: Article
) -> None:
    backend = ScriptedBackend(default=("You can return it within 90 days. ", "Promise."))
    async with socket(conversation) as customer:
        await customer.send_to(send("How long can I return?"))
        await frames_until(customer, "message.accepted")
        await answer(assistant(OneArticle(article), backend))
        done = (await frames_until(customer, "reply.done"))[-1]["message"]
    assert "90" not in done["text"]
    assert "30 days" in done["text"]
    assert done["tier"] == "extractive"


async def test_an_engine_that_dies_in_mid_answer_is_followed_by_a_quotation_without_a_seam(
    conversation: NewConversation, article: Article
) -> None:
    backend = ScriptedBackend()
    backend.enqueue(
        "You can return an item within 30 days of delivery. ", "Refunds ",
        error=BackendUnavailable("the engine died"),
    )  # fmt: skip
    async with socket(conversation) as customer:
        await customer.send_to(send("How long can I return, and when do refunds come?"))
        await frames_until(customer, "message.accepted")
        await answer(assistant(OneArticle(article), backend))
        frames = await frames_until(customer, "reply.done")
    done = frames[-1]["message"]
    assert said(frames) == done["text"]
    assert done["text"].count("within 30 days") == 1
    assert "5 business days" in done["text"]


async def test_without_a_model_the_article_is_quoted_and_cited(
    conversation: NewConversation, article: Article
) -> None:
    async with socket(conversation) as customer:
        await customer.send_to(send("when are refunds paid"))
        await frames_until(customer, "message.accepted")
        await answer(assistant(OneArticle(article), None))
        done = (await frames_until(customer, "reply.done"))[-1]["message"]
    assert "5 business days" in done["text"]
    assert done["citations"][0]["title"] == "Returns"


async def test_stop_ends_the_answer_at_what_was_shown(
    conversation: NewConversation, article: Article
) -> None:
    backend = ScriptedBackend(default=RETURNS.replace(" ", " |").split("|"), delay=0.08)
    async with socket(conversation) as customer:
        await customer.send_to(send("when"))
        await frames_until(customer, "message.accepted")
        answering = asyncio.create_task(answer(assistant(OneArticle(article), backend)))
        shown = await frames_until(customer, "reply.delta")
        await customer.send_to('{"type": "reply.stop"}')
        shown += await frames_until(customer, "reply.done")
        assert await answering
    done = shown[-1]["message"]
    assert done["stopped"] is True
    assert done["text"] == said(shown)
    assert RETURNS.startswith(done["text"])
    assert len(done["text"]) < len(RETURNS)


async def test_no_article_means_an_honest_sentence_and_one_escalation(
    conversation: NewConversation,
) -> None:
    async with socket(conversation) as customer:
        await customer.send_to(send("do you sell boats"))
        await frames_until(customer, "message.accepted")
        await answer(assistant(NoArticle(), None))
        frames = await frames_until(customer, "conversation.status")
    done = next(frame for frame in frames if frame["type"] == "reply.done")["message"]
    assert done["decision"] == "escalate"
    assert done["citations"] == []
    assert frames[-1]["status"] == "waiting"
    assert await in_thread(lambda: Escalation.objects.open().count()) == 1


async def test_a_fault_in_the_search_is_told_and_handed_over(
    conversation: NewConversation,
) -> None:
    class Broken:
        def judge(self, memory: Memory, *, last: LastTurn) -> Judgement:
            raise RuntimeError("index on fire")

    async with socket(conversation) as customer:
        await customer.send_to(send("hello?"))
        await frames_until(customer, "message.accepted")
        await answer(assistant(Broken(), None))
        done = (await frames_until(customer, "reply.done"))[-1]["message"]
    assert "technical problem" in done["text"]
    turn = await in_thread(Turn.objects.get)
    assert (turn.state, turn.error_code) == ("failed", "unexpected")


async def test_a_worker_killed_in_mid_answer_is_continued_by_the_next_without_a_seam(
    conversation: NewConversation, article: Article
) -> None:
    """The first owner shows a sentence and falls silent; the second one goes on from there."""
    backend = ScriptedBackend(default=GROUNDED)
    async with socket(conversation) as customer:
        await customer.send_to(send("how long"))
        await frames_until(customer, "message.accepted")

        def show_and_die() -> None:
            from conversations.services import turns

            turn = Turn.objects.get()
            lease = turns.claim(turn_id=turn.pk)
            assert lease
            stream = dispatch.open_stream(turn.pk, lease.epoch)
            stream.open()
            stream.append(GROUNDED[0] + GROUNDED[1])
            Turn.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

        await in_thread(show_and_die)
        await answer(assistant(OneArticle(article), backend))
        frames = await frames_until(customer, "reply.done")
    assert said(frames) == frames[-1]["message"]["text"] == "".join(GROUNDED)
    assert backend.requests[0].prefix == GROUNDED[0] + GROUNDED[1]


@pytest.mark.parametrize("where", ["foreign token", "unknown id", "no id"])
async def test_a_wrong_key_gets_an_error_and_the_same_close_code(
    conversation: NewConversation, where: str
) -> None:
    target = {
        "foreign token": f"{conversation.id}/?token=wrong",
        "unknown id": f"{uuid.uuid4()}/?token={conversation.token}",
        "no id": "not-a-uuid/",
    }[where]
    customer = WebsocketCommunicator(application, f"/ws/conversations/{target}")
    assert (await customer.connect())[0]
    assert json.loads(await customer.receive_from())["code"] == "not_found"
    assert (await customer.receive_output())["code"] == 4003
    await customer.wait()


async def test_bad_frames_get_errors_and_the_socket_and_the_conversation_live_on(
    conversation: NewConversation,
) -> None:
    bad = [" ", "{", "[]", '{"type": "fly"}', "x" * 1_000_000, send("   "), send("y" * 9_000),
           '{"type": "message.send", "client_id": "7", "text": "hi"}']  # fmt: skip
    async with socket(conversation) as customer:
        for raw in bad:
            await customer.send_to(raw)
            assert (await frames_until(customer, "error"))[-1]["detail"]
        await customer.send_to(bytes_data=b"\x00\xff")
        assert (await frames_until(customer, "error"))[-1]["code"] == "not_text"
        client_id = str(uuid.uuid4())
        for _ in range(2):
            await customer.send_to(send("still here?", client_id))
            frame = (await frames_until(customer, "message.accepted"))[-1]
            assert (frame["seq"], frame["client_id"]) == (1, client_id)
    assert await in_thread(Message.objects.count) == 1


async def test_ten_messages_at_once_are_ten_messages_in_order_and_one_turn(
    conversation: NewConversation, article: Article
) -> None:
    async with socket(conversation) as customer:
        for number in range(10):
            await customer.send_to(send(f"message {number}"))
        seqs: list[int] = []
        while len(seqs) < 10:
            frame = (await frames_until(customer, "message.accepted"))[-1]
            seqs.append(frame["seq"])
        assert seqs == list(range(1, 11))
        await answer(assistant(OneArticle(article), None))
        await frames_until(customer, "reply.done")
    assert await in_thread(Turn.objects.count) == 1
    assert await in_thread(ConversationEvent.objects.count) == 11


async def test_a_foreign_page_cannot_open_a_socket_and_a_program_can(
    conversation: NewConversation,
) -> None:
    path = f"/ws/conversations/{conversation.id}/?token={conversation.token}"
    for origin, welcome in [
        (b"https://evil.example", False),
        (b"null", False),
        (b"http://localhost:8000", True),
        (None, True),
    ]:
        headers = [(b"origin", origin)] if origin else []
        customer = WebsocketCommunicator(application, path, headers=headers)
        assert (await customer.connect())[0] is welcome, origin
        await customer.disconnect()


async def test_only_an_answer_of_this_conversation_can_be_rated(
    conversation: NewConversation, article: Article
) -> None:
    async with socket(conversation) as customer:
        await customer.send_to(send("how long"))
        question = (await frames_until(customer, "message.accepted"))[-1]["message"]["id"]
        await answer(assistant(OneArticle(article), None))
        reply = (await frames_until(customer, "reply.done"))[-1]["message"]["id"]
        for message, kind in [(question, "error"), (str(uuid.uuid4()), "error"),
                              (reply, "reply.rated")]:  # fmt: skip
            await customer.send_to(
                json.dumps({"type": "reply.rate", "message": message, "score": -1})
            )
            await frames_until(customer, kind)
        await customer.send_to('{"type": "resume", "after": 1}')
        assert (await frames_until(customer, "reply.done"))[-1]["message"]["rating"] == -1
