"""What a customer's socket takes and refuses."""

import json
import uuid

import pytest
from channels.testing import WebsocketCommunicator

from conversations.models import (
    Article,
    ConversationEvent,
    Message,
    Turn,
)
from conversations.services.intake import NewConversation
from portal.asgi import application
from tests.path.wire import OneArticle, answer, assistant, frames_until, in_thread, send, socket

pytestmark = pytest.mark.django_db(transaction=True)


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
