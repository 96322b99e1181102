"""From a customer's frame to the reply on the socket and the record in the database."""

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone

from conversations import dispatch
from conversations.dialogue.memory import Memory
from conversations.inference.backend import BackendUnavailable
from conversations.inference.scripted import ScriptedBackend
from conversations.models import (
    Article,
    Escalation,
    Turn,
)
from conversations.services.intake import NewConversation
from conversations.services.judgement import Judgement, LastTurn
from tests.path.wire import (
    GROUNDED,
    RETURNS,
    NoArticle,
    OneArticle,
    answer,
    assistant,
    frames_until,
    in_thread,
    said,
    send,
    socket,
)

pytestmark = pytest.mark.django_db(transaction=True)


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
    assert (done["stopped"], done["stopped_by"]) == (True, "customer")
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


async def test_the_next_turn_knows_that_a_request_waits_for_a_person(
    conversation: NewConversation,
) -> None:
    seen: list[LastTurn] = []

    class Watching(NoArticle):
        def judge(self, memory: Memory, *, last: LastTurn, rung: str = "") -> Judgement:
            seen.append(last)
            return super().judge(memory, last=last, rung=rung)

    async with socket(conversation) as customer:
        for text in ("do you sell boats", "it is for the lake"):
            await customer.send_to(send(text))
            await frames_until(customer, "message.accepted")
            await answer(assistant(Watching(), None))
    assert [last.waiting for last in seen] == [False, True]
