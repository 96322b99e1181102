"""What is read and written for a turn is counted, so that nobody adds a query unseen."""

import uuid

import pytest
from channels.testing import WebsocketCommunicator
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.inference.scripted import ScriptedBackend
from conversations.models import Article, Turn
from conversations.services.intake import IntakeService, NewConversation
from conversations.streaming import replay
from tests.path.wire import GROUNDED, OneArticle, answer, assistant, frames_until, send, socket

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_message_costs_eleven_statements_and_its_answer_twenty(
    conversation: NewConversation, article: Article
) -> None:
    """Transactions included, the search left out."""
    with CaptureQueriesContext(connection) as accepting:
        IntakeService().post_message(
            conversation_id=conversation.id,
            client_id=uuid.uuid4(),
            text="How long may I return it?",
            now=timezone.now(),
        )
    assert len(accepting) <= 11, [query["sql"][:90] for query in accepting]
    service = assistant(OneArticle(article), ScriptedBackend(default=GROUNDED))
    turn = Turn.objects.get()
    with CaptureQueriesContext(connection) as answering:
        assert service.reply(turn_id=turn.pk)
    assert len(answering) <= 20, [query["sql"][:90] for query in answering]
    with CaptureQueriesContext(connection) as showing:
        assert [frame["type"] for frame in replay.news(conversation.id, 1).frames] == ["reply.done"]
    assert len(showing) <= 3


async def test_the_acceptance_said_at_once_is_the_one_that_is_read_later(
    conversation: NewConversation,
) -> None:
    async with socket(conversation) as customer:
        await customer.send_to(send("How long may I return it?"))
        at_once = (await frames_until(customer, "message.accepted"))[-1]
        await customer.send_to('{"type": "resume", "after": 0}')
        assert (await frames_until(customer, "message.accepted"))[-1] == at_once


async def test_a_notice_of_what_was_looked_at_is_not_looked_at_again(
    conversation: NewConversation, article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    whole = replay.news

    def counted(conversation_id: uuid.UUID, after: int) -> replay.News:
        looks.append(after)
        return whole(conversation_id, after)

    async with socket(conversation) as customer:
        await resumed(customer)
        monkeypatch.setattr(replay, "news", counted)
        await customer.send_to(send("How long may I return it?"))
        await frames_until(customer, "message.accepted")
        assert await answer(assistant(OneArticle(article), ScriptedBackend(default=GROUNDED)))
        await frames_until(customer, "reply.done")
        assert await customer.receive_nothing(timeout=0.3)
    assert looks == [1]  # for the reply; neither for the own message, nor for its notice


async def resumed(customer: WebsocketCommunicator) -> None:
    await customer.send_to('{"type": "resume", "after": 0}')
    assert await customer.receive_nothing(timeout=0.2)
