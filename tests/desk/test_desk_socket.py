"""The desk live: what happens is on every open desk and on the customer's page, in order, once."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.db import connection
from django.utils import timezone

from conversations import dispatch
from conversations.access import Agent
from conversations.dialogue.memory import Memory
from conversations.escalation.copilot import CopilotService, stream_id
from conversations.escalation.holding import HoldingService
from conversations.escalation.speech import SpeechService
from conversations.models import Article, Escalation, Passage, Team, Turn
from conversations.retrieval.types import ArticleHit
from conversations.services import turns
from conversations.services.drafting import Drafting
from conversations.services.judgement import Judgement, LastTurn
from portal.asgi import application
from tests.desk.conftest import MakeAgent, Waiting, write
from tests.desk.test_access import desk_socket, logged_in

pytestmark = pytest.mark.django_db(transaction=True)
holding, speech = HoldingService(), SpeechService()


async def in_thread(call: Callable[[], Any]) -> Any:
    def run() -> Any:
        try:
            return call()
        finally:
            connection.close()

    return await asyncio.to_thread(run)


@asynccontextmanager
async def desk(agent: Agent) -> AsyncIterator[WebsocketCommunicator]:
    client = await in_thread(lambda: logged_in(agent))
    socket = desk_socket(client)
    assert (await socket.connect(timeout=5))[0]
    assert (await until(socket, "desk.hello"))["me"]["id"] == agent.id
    try:
        yield socket
    finally:
        await socket.disconnect()


@asynccontextmanager
async def customer_page(waiting: Waiting) -> AsyncIterator[WebsocketCommunicator]:
    path = f"/ws/conversations/{waiting.id}/?token={waiting.token}"
    socket = WebsocketCommunicator(application, path)
    assert (await socket.connect(timeout=5))[0]
    try:
        yield socket
    finally:
        await socket.disconnect()


async def until(
    socket: WebsocketCommunicator, kind: str, seconds: float = 8, **fields: Any
) -> dict[str, Any]:
    """The next frame of a kind with these fields; other frames are passed over."""
    while True:
        frame = json.loads(await socket.receive_from(timeout=seconds))
        if frame["type"] == kind and all(frame.get(key) == fields[key] for key in fields):
            return dict(frame)


async def say(socket: WebsocketCommunicator, **frame: Any) -> None:
    await socket.send_to(json.dumps(frame))


async def test_a_claim_is_on_every_desk_and_on_the_customers_page_with_the_agents_name(
    mira: Agent, noor: Agent, waiting: Waiting
) -> None:
    async with desk(mira) as first, desk(noor) as second, customer_page(waiting) as customer:
        await in_thread(
            lambda: holding.claim(agent=mira, conversation_id=waiting.id, now=timezone.now())
        )
        for socket in (first, second):
            event = await until(socket, "desk.event", event="escalation.claimed")
            assert event["row"]["agent"] == {"id": mira.id, "name": "Mira"}
            assert event["actor"]["name"] == "Mira"
        status = await until(customer, "conversation.status")
        assert (status["status"], status["agent"]) == ("with_agent", {"name": "Mira"})


async def test_words_and_typing_go_both_ways_and_a_note_stays_inside(
    mira: Agent, noor: Agent, waiting: Waiting
) -> None:
    await in_thread(
        lambda: holding.claim(agent=mira, conversation_id=waiting.id, now=timezone.now())
    )
    async with desk(mira) as first, desk(noor) as second, customer_page(waiting) as customer:
        for socket in (first, second):
            await say(socket, type="open", conversation=str(waiting.id), after=0)
            await until(socket, "conversation.frame")
        seen = await until(first, "presence")
        while len(seen["looking"]) < 2:
            seen = await until(first, "presence")
        assert [person["name"] for person in seen["looking"]] == ["Mira", "Noor"]
        await say(customer, type="typing")
        assert await until(first, "conversation.typing")
        await say(second, type="typing", conversation=str(waiting.id))  # not the holder
        await say(first, type="typing", conversation=str(waiting.id))
        assert (await until(customer, "agent.typing"))["name"] == "Mira"

        def write_both() -> None:
            now = timezone.now()
            speech.add_note(agent=noor, conversation_id=waiting.id, text="@mira VIP", now=now)
            speech.send(
                agent=mira,
                conversation_id=waiting.id,
                client_id=uuid.uuid4(),
                text="It is on its way.",
                now=now,
            )

        await in_thread(write_both)
        posted = await until(customer, "message.posted")
        assert (posted["message"]["author"], posted["message"]["name"]) == ("agent", "Mira")
        assert "VIP" not in json.dumps(posted)
        note = await until(first, "desk.event", event="note.added")
        assert note["details"]["note"]["text"] == "@mira VIP"
        assert note["details"]["mentions"] == [mira.id]
        shown = await until(second, "conversation.frame")
        while shown["frame"]["type"] != "message.posted" or shown["frame"]["seq"] != posted["seq"]:
            shown = await until(second, "conversation.frame")
        assert shown["frame"]["message"]["text"] == "It is on its way."


async def test_a_takeover_in_mid_answer_ends_it_at_a_sentence_on_the_customers_page(
    mira: Agent, waiting: Waiting
) -> None:
    async with customer_page(waiting) as customer:
        await say(customer, type="resume", after=0)

        def begin() -> None:
            lease = turns.claim(turn_id=Turn.objects.get().pk)
            assert lease
            stream = dispatch.open_stream(lease.turn_id, lease.epoch)
            stream.open()
            stream.append("You can track it. It usually ta")

        await in_thread(begin)
        await until(customer, "reply.delta")
        await in_thread(
            lambda: holding.claim(agent=mira, conversation_id=waiting.id, now=timezone.now())
        )
        done = await until(customer, "reply.done")
        assert done["message"]["text"] == "You can track it."
        assert done["message"]["stopped"] is True
        assert done["message"]["stopped_by"] == "agent"  # the customer stopped nothing
        assert (await until(customer, "conversation.status"))["status"] == "with_agent"


async def test_events_of_another_team_do_not_arrive_and_a_transfer_says_that_it_is_gone(
    make_agent: MakeAgent, mira: Agent, waiting: Waiting
) -> None:
    def build() -> tuple[Team, Agent]:
        team = Team.objects.create(name="Billing", slug="billing")
        return team, make_agent("bill", team=team)

    team, bill = await in_thread(build)
    await in_thread(
        lambda: holding.claim(agent=mira, conversation_id=waiting.id, now=timezone.now())
    )
    async with desk(mira) as first, desk(bill) as second:
        await say(first, type="open", conversation=str(waiting.id), after=0)
        await until(first, "presence")
        await in_thread(
            lambda: holding.transfer(
                agent=mira, conversation_id=waiting.id, to_team=team.pk, now=timezone.now()
            )
        )
        assert (await until(second, "desk.event"))["event"] == "escalation.transferred"
        gone = await until(first, "desk.event", event="escalation.gone")
        assert gone["row"] is None
        await in_thread(lambda: write(waiting.id))
        assert (await until(second, "desk.event"))["event"] == "customer.wrote"
        await say(first, type="open", conversation=str(waiting.id))
        assert (await until(first, "error"))["code"] == "not_found"


async def test_a_desk_that_was_away_resumes_from_its_cursor(mira: Agent, waiting: Waiting) -> None:
    async with desk(mira) as socket:
        await say(socket, type="resume", after=0)
        assert (await until(socket, "desk.event"))["event"] == "escalation.opened"


async def test_a_logout_closes_the_desk(mira: Agent, waiting: Waiting) -> None:
    client = await in_thread(lambda: logged_in(mira))
    socket = desk_socket(client)
    assert (await socket.connect(timeout=5))[0]
    await until(socket, "desk.hello")
    await in_thread(client.logout)
    assert (await until(socket, "error"))["code"] == "not_logged_in"
    assert (await socket.receive_output(timeout=5))["code"] == 4003


async def test_bad_frames_get_errors_and_the_desk_lives_on(mira: Agent) -> None:
    async with desk(mira) as socket:
        for raw in (" ", "[]", '{"type": "fly"}', '{"type": "open", "conversation": 5}',
                    '{"type": "resume", "after": -1}'):  # fmt: skip
            await socket.send_to(raw)
            assert (await until(socket, "error"))["detail"]
        await say(socket, type="heartbeat")
        assert (await until(socket, "heartbeat"))["availability"] == "online"


class OneArticle:
    def __init__(self, article: Article) -> None:
        self.hit = ArticleHit(
            article.pk, article.external_id, 1, article.title, "/help/returns/", 1.0, ()
        )

    def judge(self, memory: Memory, *, last: LastTurn, rung: str = "") -> Judgement:
        return Judgement("answer", "article", 0.9, articles=(self.hit,))


class NoArticle:
    def judge(self, memory: Memory, *, last: LastTurn, rung: str = "") -> Judgement:
        return Judgement("escalate", "no_article", 0.1)


def copilot(judge: Any) -> CopilotService:
    return CopilotService(
        judge=judge,
        backend=lambda: None,
        drafting=Drafting("Northwind", 100, 0.0, 256, timezone.now),
        open_stream=dispatch.open_stream,
        client=dispatch.stream_client,
    )


async def test_a_suggestion_streams_with_its_sources_and_ends_with_one_frame(
    mira: Agent, waiting: Waiting
) -> None:
    def article() -> Article:
        body = "You can track a parcel with the link in your e-mail. Parcels take 2 to 4 days."
        made = Article.objects.create(
            external_id="track", slug="track", title="Track your parcel", body=body, digest="x"
        )
        Passage.objects.create(article=made, revision=1, ordinal=0, text=body, plain=body)
        return made

    made = await in_thread(article)
    async with desk(mira) as socket:
        request = uuid.uuid4()
        await say(
            socket, type="copilot.suggest", conversation=str(waiting.id), request=str(request)
        )
        await until(socket, "copilot.started")
        await in_thread(
            lambda: copilot(OneArticle(made)).suggest(
                request=stream_id(mira.id, request), conversation_id=waiting.id
            )
        )
        delta = await until(socket, "copilot.delta")
        done = await until(socket, "copilot.done")
        assert done["text"].startswith(delta["text"])
        assert done["sources"][0]["title"] == "Track your parcel"
        assert (done["grounded"], done["tier"]) == (True, "extractive")


async def test_without_an_article_there_is_no_suggestion_and_it_says_so(
    mira: Agent, waiting: Waiting
) -> None:
    async with desk(mira) as socket:
        request = uuid.uuid4()
        await say(
            socket, type="copilot.suggest", conversation=str(waiting.id), request=str(request)
        )
        await until(socket, "copilot.started")
        await in_thread(
            lambda: copilot(NoArticle()).suggest(
                request=stream_id(mira.id, request), conversation_id=waiting.id
            )
        )
        assert (await until(socket, "copilot.error"))["code"] == "no_article"


async def test_the_customer_leaves_an_address_rates_and_says_no_over_the_socket(
    mira: Agent, waiting: Waiting
) -> None:
    async with customer_page(waiting) as customer:
        await say(customer, type="queue.look")
        queue = await until(customer, "queue")
        assert (queue["position"], queue["expected_wait"], queue["agents_online"]) == (1, None, 1)
        await say(customer, type="contact.leave", email="not an address")
        assert (await until(customer, "error"))["code"] == "bad_email"
        await say(customer, type="contact.leave", email="ann@example.com")
        assert await until(customer, "contact.kept")

        def resolve() -> None:
            holding.claim(agent=mira, conversation_id=waiting.id, now=timezone.now())
            holding.resolve(agent=mira, conversation_id=waiting.id, now=timezone.now())

        await in_thread(resolve)
        asked = await until(customer, "conversation.status", status="resolved")
        assert asked["survey"]["asks"] == ["solved", "score"]
        await say(customer, type="conversation.rate", score=5, comment="quick")
        assert (await until(customer, "conversation.rated"))["score"] == 5
        await say(customer, type="resolution.answer", solved="no")
        assert (await until(customer, "conversation.status"))["status"] == "waiting"
        assert await until(customer, "resolution.kept")
    assert await in_thread(lambda: Escalation.objects.open().get().reason) == "not_solved"
