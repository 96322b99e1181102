"""Events by SSE: the same frames as the socket's, the same text exactly once, whatever is cut."""

import asyncio
import json
import threading
import uuid
from functools import partial
from random import Random
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.test import AsyncClient
from django.utils import timezone

from conversations.inference.scripted import ScriptedBackend
from conversations.models import Article, Passage, Turn
from conversations.services.intake import IntakeService, NewConversation
from conversations.streaming import feed
from portal.asgi import application
from tests.api.listening import Listener
from tests.path.wire import (
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

THINGS = ("a lamp", "a chair", "a kettle", "a shelf", "a rug", "a mirror", "a clock", "a vase")
SENTENCES = [f"You can return {thing} within {20 + n} days of delivery. "
             for n, thing in enumerate(THINGS)]  # fmt: skip
TEXT = "".join(SENTENCES).strip()


@pytest.fixture
def article() -> Article:
    article = Article.objects.create(
        external_id="returns", slug="returns", title="Returns", body=TEXT, digest="x"
    )
    Passage.objects.create(article=article, revision=1, ordinal=0, text=TEXT)
    return article


@pytest.fixture
def conversation() -> NewConversation:
    return IntakeService().open_conversation()


def post(conversation: NewConversation, text: str = "What can I return?") -> Any:
    return IntakeService().post_message(
        conversation_id=conversation.id, client_id=uuid.uuid4(), text=text, now=timezone.now()
    )


async def test_a_streamed_reply_is_the_same_over_the_socket_and_over_streams_cut_at_random(
    conversation: NewConversation, article: Article
) -> None:
    pieces = [TEXT[start : start + 7] for start in range(0, len(TEXT), 7)]
    listeners = [Listener(conversation) for _ in range(4)]
    async with socket(conversation) as customer:
        await customer.send_to(send("What can I return?"))
        await frames_until(customer, "message.accepted")
        backend = ScriptedBackend(default=pieces, delay=0.04)
        answering = asyncio.create_task(answer(assistant(OneArticle(article), backend)))
        listening = [
            asyncio.create_task(listener.until_done(Random(seed)))
            for seed, listener in enumerate(listeners)
        ]
        frames = await frames_until(customer, "reply.done", seconds=30)
        await asyncio.wait_for(asyncio.gather(*listening), 30)
        assert await answering
    final = frames[-1]["message"]
    assert said(frames) == final["text"] == TEXT
    assert sum(listener.cuts for listener in listeners) > 8
    for listener in listeners:
        assert listener.seqs == [1, 2]
        assert listener.final == {final["id"]: final}
        assert listener.texts == {final["id"]: TEXT}


async def test_who_comes_back_after_the_end_gets_the_rest_of_the_text_and_the_reply(
    conversation: NewConversation, article: Article
) -> None:
    turn = (await in_thread(lambda: post(conversation))).turn_id
    message = await in_thread(lambda: _message_of(turn))
    listener = Listener(conversation, last_id=f"1.{message}.10", texts={message: TEXT[:10]})
    await answer(assistant(OneArticle(article), ScriptedBackend(default=[TEXT])))
    await listener.listen(wait=0)
    assert listener.kinds == ["reply.delta", "reply.done"]
    assert listener.texts[message] == TEXT


def _message_of(turn: Any) -> str:
    return str(Turn.objects.get(pk=turn).message_id)


async def test_two_replies_in_a_row_arrive_whole_over_cut_streams(
    conversation: NewConversation, article: Article
) -> None:
    listener = Listener(conversation)
    listening = asyncio.create_task(listener.until_done(Random(7), replies=2))
    for question in ("What can I return?", "Until when?"):
        await in_thread(partial(post, conversation, question))
        backend = ScriptedBackend(default=SENTENCES, delay=0.02)
        assert await answer(assistant(OneArticle(article), backend))
    await asyncio.wait_for(listening, 20)
    assert listener.seqs == [1, 2, 3, 4]
    for message, text in listener.texts.items():
        assert text == listener.final[message]["text"]


async def test_without_waiting_a_stream_holds_what_there_is_and_ends(
    conversation: NewConversation,
) -> None:
    await in_thread(lambda: post(conversation))
    listener = Listener(conversation)
    await asyncio.wait_for(listener.listen(wait=0), 5)
    assert listener.seqs == [1]
    await asyncio.wait_for(listener.listen(wait=0), 5)
    assert listener.seqs == [1]
    await nobody_listens()


async def test_a_quiet_stream_hears_a_message_soon_and_beats_meanwhile(
    conversation: NewConversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.limits.EVENTS_HEARTBEAT", 0.2)
    response = await Listener(conversation).open(wait=20)
    chunks = response._iterator
    assert (await anext(chunks)).startswith(b"retry: ")
    assert await anext(chunks) == b": still here\n\n"
    monkeypatch.setattr("portal.limits.EVENTS_HEARTBEAT", 15.0)
    await in_thread(lambda: post(conversation))
    chunk = await asyncio.wait_for(_next_event(chunks), 5)
    assert b"event: message.accepted" in chunk
    await chunks.aclose()
    await nobody_listens()


async def nobody_listens() -> None:
    async with asyncio.timeout(5):
        while feed._OPEN:
            await asyncio.sleep(0.01)


async def _next_event(chunks: Any) -> bytes:
    while (chunk := await anext(chunks)).startswith(b":"):
        pass
    return bytes(chunk)


@pytest.mark.parametrize(
    ("query", "headers", "status", "code"),
    [
        ("?wait=51", {}, 400, "bad_wait"),
        ("?wait=-1", {}, 400, "bad_wait"),
        ("?last_event_id=1.2", {}, 400, "bad_position"),
        ("", {"last-event-id": "x"}, 400, "bad_position"),
        ("", {"last-event-id": f"1.{'-' * 36}.0"}, 400, "bad_position"),
        ("", {"authorization": "Bearer wrong"}, 401, "bad_token"),
        ("", {"authorization": "Bearer portal_wrong"}, 401, "bad_token"),
        ("", {"authorization": "Basic eDp5"}, 401, "bad_token"),
    ],
)
async def test_what_cannot_be_streamed_is_a_problem_before_the_stream(
    conversation: NewConversation, query: str, headers: dict[str, str], status: int, code: str
) -> None:
    asked = {"authorization": f"Bearer {conversation.token}", **headers}
    address = f"/api/v1/conversations/{conversation.id}/events/{query}"
    response = await AsyncClient().get(address, headers=asked)
    assert response.status_code == status
    assert json.loads(response.content)["code"] == code
    assert response["Content-Type"] == "application/problem+json"


async def test_nobody_hears_a_conversation_without_its_key(conversation: NewConversation) -> None:
    address = f"/api/v1/conversations/{conversation.id}/events/?wait=0"
    assert (await AsyncClient().get(address)).status_code == 401
    assert (await AsyncClient().get(f"{address}&token=no")).status_code == 401
    assert (await AsyncClient().get(f"{address}&token={conversation.token}")).status_code == 200
    posted = await AsyncClient().post(f"{address}&token={conversation.token}")
    assert posted.status_code == 405


async def test_many_listeners_hold_no_thread_and_leave_nothing_when_they_go(
    conversation: NewConversation,
) -> None:
    conversations = [await in_thread(IntakeService().open_conversation) for _ in range(20)]
    before = _request_threads()
    streams = []
    for number, each in enumerate(conversations):
        stream: Any = Request(application, _scope(each, number))
        await stream.send_input({"type": "http.request", "body": b"", "more_body": False})
        started = await stream.receive_output(timeout=20)
        assert started["status"] == 200
        assert b"retry" in (await stream.receive_output(timeout=20))["body"]
        streams.append(stream)
    assert len(feed._OPEN) == len(streams)
    assert _request_threads() - before <= 2
    for stream in streams:
        await stream.send_input({"type": "http.disconnect"})
        await stream.wait(timeout=10)
    await nobody_listens()


Request: Any = ApplicationCommunicator


def _request_threads() -> int:
    """Threads that Django made for requests."""
    return sum(thread.name.startswith("ThreadPoolExecutor") for thread in threading.enumerate())


def _scope(conversation: NewConversation, number: int) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"/api/v1/conversations/{conversation.id}/events/",
        "raw_path": b"",
        "query_string": b"",
        "headers": [
            (b"host", b"testserver"),
            (b"authorization", f"Bearer {conversation.token}".encode()),
        ],
        "client": ("127.0.0.1", 40_000 + number),
        "server": ("testserver", 80),
    }


async def test_a_server_that_stops_ends_its_streams(conversation: NewConversation) -> None:
    listener = Listener(conversation)
    listening = asyncio.create_task(listener.listen(wait=40))
    async with asyncio.timeout(5):
        while not feed._OPEN:
            await asyncio.sleep(0.01)
    feed.end_feeds()
    await asyncio.wait_for(listening, 5)
