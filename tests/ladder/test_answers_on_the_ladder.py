"""Turns that go down the ladder, with the real assistant, PostgreSQL, Redis and a wire."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from conversations import dispatch
from conversations.dialogue.memory import Memory
from conversations.inference.backend import BackendUnavailable, GenerationBackend
from conversations.inference.breaker import FAILURES
from conversations.inference.breaker_store import Breakers
from conversations.inference.ladder import Ladder
from conversations.inference.remote_backend import RemoteBackend
from conversations.inference.rungs import RungReport
from conversations.inference.scripted import ScriptedBackend
from conversations.models import Article, Passage, Turn
from conversations.retrieval.types import ArticleHit
from conversations.services.assistant import IntelligentAssistantService
from conversations.services.drafting import Drafting
from conversations.services.intake import IntakeService
from conversations.services.judgement import Judgement, LastTurn
from conversations.services.keeper import LeaseKeeper
from conversations.streaming.publisher import stream_key
from tests.ladder.wire import Wire, cut_off, hangs, raw, says

pytestmark = pytest.mark.django_db(transaction=True)

RETURNS = (
    "You can return an item within 30 days of delivery. "
    "Refunds are paid within 5 business days to the original payment method."
)
FIRST = "You can return an item within 30 days of delivery."
PIECES = ("You can return ", "an item within ", "30 days of delivery. ", "Refunds are paid ",
          "within 5 business days ", "to the original payment method.")  # fmt: skip


class OneArticle:
    def __init__(self, article: Article) -> None:
        self.asked_for: list[str] = []
        self.hit = ArticleHit(
            article.pk, article.external_id, 1, article.title, "/help/returns/", 1.0, ()
        )

    def judge(self, memory: Memory, *, last: LastTurn, rung: str = "") -> Judgement:
        self.asked_for.append(rung)
        return Judgement("answer", "article", 0.9, articles=(self.hit,))


@pytest.fixture
def judge() -> OneArticle:
    article = Article.objects.create(
        external_id="returns", slug="returns", title="Returns", body=RETURNS, digest="x"
    )
    Passage.objects.create(article=article, revision=1, ordinal=0, text=RETURNS)
    return OneArticle(article)


@pytest.fixture
def turn(monkeypatch: pytest.MonkeyPatch) -> Turn:
    monkeypatch.setattr(dispatch, "ring", lambda *_, **__: None)
    intake = IntakeService()
    opened = intake.open_conversation()
    accepted = intake.post_message(
        conversation_id=opened.id,
        client_id=uuid.uuid4(),
        text="How long do I have to return something?",
        now=timezone.now(),
    )
    assert accepted.turn_id is not None
    return Turn.objects.get(pk=accepted.turn_id)


def worker(
    judge: OneArticle,
    *backends: GenerationBackend,
    elsewhere: Callable[[], list[RungReport]] = list,
    woken: list[Any] | None = None,
) -> IntelligentAssistantService:
    """A worker that serves these rungs, best first."""
    return IntelligentAssistantService(
        judge=judge,
        backend=lambda: None,
        ladder=Ladder(
            backends=lambda: backends,
            breakers=dispatch.breakers,
            elsewhere=elsewhere,
            order=("gpu", "vllm", "spare", "cpu"),
        ),
        wake=lambda *call: woken.append(call) if woken is not None else None,
        drafting=Drafting("Northwind", 100, 0.0, 256, timezone.now),
        open_stream=dispatch.open_stream,
        keeper=LeaseKeeper(interval=0.1),
        ring=dispatch.ring_doorbell,
        now=timezone.now,
    )


def shown(turn: Turn) -> str:
    """What the customer's page put together from the stream."""
    entries: Any = dispatch.stream_client.xrange(stream_key(turn.pk))
    text = ""
    for _, fields in entries:
        if b"t" in fields:
            assert int(fields[b"o"]) == len(text)
            text += fields[b"t"].decode()
    return text


def way(turn: Turn) -> list[tuple[str, str]]:
    return [(step["rung"], step["did"]) for step in turn.trace["ladder"]]


def test_another_server_writes_a_grounded_answer(judge: OneArticle, turn: Turn, wire: Wire) -> None:
    wire.default = says(*PIECES)
    assert worker(judge, RemoteBackend(wire.rung())).reply(turn_id=turn.pk)
    turn.refresh_from_db()
    assert turn.reply is not None
    assert turn.reply.text == shown(turn) == RETURNS
    assert judge.asked_for == ["vllm"]  # the decision knows which rung would write
    assert (turn.tier, turn.model) == ("vllm", "big")
    assert way(turn) == [("vllm", "wrote")]
    system = wire.requests[0]["messages"][0]["content"]
    assert "<article" in system
    assert "within 30 days" in system


def test_what_another_server_makes_up_is_not_shown(
    judge: OneArticle, turn: Turn, wire: Wire
) -> None:
    wire.default = says("You can return an item within 90 days. ", "<script>alert(1)</script>")
    worker(judge, RemoteBackend(wire.rung())).reply(turn_id=turn.pk)
    turn.refresh_from_db()
    assert turn.reply is not None
    assert "90" not in turn.reply.text
    assert "script" not in turn.reply.text
    assert "30 days" in turn.reply.text
    assert way(turn) == [("vllm", "refused"), ("extractive", "quoted")]


@pytest.mark.parametrize("after", range(len(PIECES)))
@pytest.mark.parametrize("how", [cut_off, hangs])
def test_a_rung_lost_anywhere_in_the_answer_is_followed_by_the_next(
    judge: OneArticle, turn: Turn, wire: Wire, after: int, how: Any
) -> None:
    wire.default = how(*PIECES[:after])
    lost = RemoteBackend(wire.rung(first_token_seconds=0.2, stall_seconds=0.2))
    spare = ScriptedBackend(default=PIECES, name="spare")
    worker(judge, lost, spare).reply(turn_id=turn.pk)
    turn.refresh_from_db()
    assert turn.reply is not None
    assert turn.reply.text == shown(turn) == RETURNS
    assert way(turn) == [("vllm", "lost"), ("spare", "wrote")]
    assert turn.tiers_tried == ["vllm", "spare"]


@pytest.mark.parametrize("after", range(len(PIECES)))
def test_without_another_rung_the_articles_finish_the_answer(
    judge: OneArticle, turn: Turn, wire: Wire, after: int
) -> None:
    wire.default = cut_off(*PIECES[:after])
    worker(judge, RemoteBackend(wire.rung())).reply(turn_id=turn.pk)
    turn.refresh_from_db()
    assert turn.reply is not None
    assert turn.reply.text == shown(turn)
    once = " ".join(turn.reply.text.split())
    assert once in {RETURNS, FIRST}, "whole sentences, each once"
    assert way(turn) == [("vllm", "lost"), ("extractive", "quoted")]


@pytest.mark.parametrize("after", [0, 2, 4])
def test_another_worker_goes_on_where_a_rung_was_lost(
    judge: OneArticle, turn: Turn, wire: Wire, after: int
) -> None:
    wire.default = cut_off(*PIECES[:after])
    there = RungReport("spare", "other", "m", ready=True, at=0.0, slots=8)
    woken: list[Any] = []
    first = worker(judge, RemoteBackend(wire.rung()), elsewhere=lambda: [there], woken=woken)
    assert not first.reply(turn_id=turn.pk)
    turn.refresh_from_db()
    assert turn.state == Turn.State.QUEUED
    assert woken == [(turn.pk, ["vllm"])]
    assert (turn.first_token_at is not None) == bool(after)
    second = worker(judge, ScriptedBackend(default=PIECES, name="spare"))
    assert second.reply(turn_id=turn.pk)
    turn.refresh_from_db()
    assert turn.reply is not None
    assert turn.reply.text == shown(turn) == RETURNS
    assert way(turn) == [("vllm", "lost"), ("spare", "handed_on"), ("spare", "wrote")]
    assert turn.attempts == 1


def test_a_dead_server_is_asked_a_few_times_and_then_left_alone(
    judge: OneArticle, turn: Turn, wire: Wire
) -> None:
    wire.default = raw(b"", status=500)
    backend = RemoteBackend(wire.rung())
    for number in range(FAILURES):
        Turn.objects.filter(pk=turn.pk).delete()
        turn.pk, turn.reply, turn.message_id = uuid.uuid4(), None, uuid.uuid4()
        turn.save(force_insert=True)
        worker(judge, backend).reply(turn_id=turn.pk)
        assert len(wire.requests) == number + 1
        Turn.objects.update(reply=None, state="withdrawn")
    assert not dispatch.breakers.get("vllm").passes
    turn.pk, turn.message_id = uuid.uuid4(), uuid.uuid4()
    turn.save(force_insert=True)
    worker(judge, backend).reply(turn_id=turn.pk)
    turn.refresh_from_db()
    assert len(wire.requests) == FAILURES
    assert turn.trace["ladder"][0]["why"] == "breaker open"
    assert turn.reply is not None
    assert turn.reply.text == FIRST


def test_a_busy_server_is_passed_over_and_not_blamed(
    judge: OneArticle, turn: Turn, wire: Wire
) -> None:
    wire.scripted.append(raw(b"", status=429, headers={"Retry-After": "30"}))
    backend = RemoteBackend(wire.rung())
    worker(judge, backend, ScriptedBackend(default=PIECES, name="spare")).reply(turn_id=turn.pk)
    turn.refresh_from_db()
    assert way(turn) == [("vllm", "lost"), ("spare", "wrote")]
    assert backend.load().predicted_first_token_s > 20
    assert dispatch.breakers.get("vllm").failures == ()


def test_a_model_that_dies_in_mid_word_is_followed_to_the_letter(
    judge: OneArticle, turn: Turn
) -> None:
    dying = ScriptedBackend(name="gpu")
    dying.enqueue("You can return an it", error=BackendUnavailable("The engine stopped."))
    worker(judge, dying, ScriptedBackend(default=PIECES, name="spare")).reply(turn_id=turn.pk)
    turn.refresh_from_db()
    assert turn.reply is not None
    assert turn.reply.text == shown(turn) == RETURNS


@pytest.fixture(autouse=True)
def fresh_breakers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breakers remember in the process what this test's Redis never heard of."""
    url = settings.REDIS_URL
    monkeypatch.setattr(dispatch, "breakers", Breakers(url))
