"""An answer is given again to the same question, and only while its articles stand as they did."""

import uuid
from collections.abc import Sequence

import pytest
from django.utils import timezone

from conversations import dispatch
from conversations.dialogue.sameness import asked, may_be_same, stands_alone
from conversations.escalation.desk import EscalationDeskService
from conversations.inference.scripted import ScriptedBackend
from conversations.models import Article, CachedAnswer, Passage, Review, Turn
from conversations.retrieval.types import ArticleHit
from conversations.services import turns
from conversations.services.answer_cache import AnswerCacheService
from conversations.services.assistant import CONFIDENT, IntelligentAssistantService
from conversations.services.drafting import Drafting
from conversations.services.intake import IntakeService
from conversations.services.judgement import Judgement, LastTurn
from conversations.services.keeper import LeaseKeeper
from conversations.services.outcome import Outcome, finish

pytestmark = pytest.mark.django_db(transaction=True)

RETURNS = "You can return an item within 30 days of delivery."


class Confident:
    def __init__(self, article: Article) -> None:
        self.article = article

    def judge(self, memory: object, *, last: LastTurn, rung: str = "") -> Judgement:
        hit = ArticleHit(self.article.pk, "returns", 1, "Returns", "/help/returns/", 1.0, ())
        return Judgement("answer", CONFIDENT, 0.9, articles=(hit,))


def alike(text: str, others: Sequence[str]) -> list[float]:
    """Everything means the same: what is kept apart must be kept apart by other means."""
    return [1.0 for _ in others]


@pytest.fixture
def article() -> Article:
    article = Article.objects.create(
        external_id="returns", slug="returns", title="Returns", body=RETURNS, digest="x"
    )
    Passage.objects.create(article=article, revision=1, ordinal=0, text=RETURNS)
    return article


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend(default=(RETURNS,), name="cpu")


@pytest.fixture
def service(article: Article, backend: ScriptedBackend) -> IntelligentAssistantService:
    return IntelligentAssistantService(
        judge=Confident(article),
        backend=lambda: backend,
        drafting=Drafting("Northwind", 100, 0.0, 256, timezone.now),
        open_stream=dispatch.open_stream,
        keeper=LeaseKeeper(interval=1),
        ring=dispatch.ring_doorbell,
        now=timezone.now,
        cache=AnswerCacheService(similarity=alike, enabled=lambda: True),
    )


def ask(service: IntelligentAssistantService, text: str) -> Turn:
    conversation = IntakeService().open_conversation().id
    accepted = IntakeService().post_message(
        conversation_id=conversation, client_id=uuid.uuid4(), text=text, now=timezone.now()
    )
    assert accepted.turn_id
    assert service.reply(turn_id=accepted.turn_id)
    return Turn.objects.select_related("reply").get(pk=accepted.turn_id)


def test_the_second_customer_gets_the_same_answer_without_the_model(
    service: IntelligentAssistantService, backend: ScriptedBackend
) -> None:
    first = ask(service, "How long can I return an item?")
    second = ask(service, "how long can i return items")
    assert (first.tier, second.tier) == ("cpu", "cache")
    assert first.reply and second.reply
    assert second.reply.text == first.reply.text
    assert second.reply.citations.get().title == "Returns"
    assert len(backend.requests) == 1
    assert CachedAnswer.objects.get().hits == 1


def test_a_changed_article_empties_what_depends_on_it_at_once(
    service: IntelligentAssistantService, article: Article
) -> None:
    ask(service, "How long can I return an item?")
    Article.objects.update(revision=2)
    assert ask(service, "How long can I return an item?").tier == "cpu"
    Article.objects.update(revision=1, status=Article.Status.ARCHIVED)
    assert ask(service, "How long can I return an item?").tier == "cpu"


@pytest.mark.parametrize(
    "other",
    [
        "How long can I not return an item?",
        "How long can I return 3 items?",
        "My order 4821377 is late, how long can I return an item?",
        "I am anna@example.com, how long can I return an item?",
    ],
)
def test_numbers_negation_and_persons_are_never_taken_for_the_same(
    service: IntelligentAssistantService, other: str
) -> None:
    ask(service, "How long can I return an item?")
    assert ask(service, other).tier == "cpu"


def test_nothing_personal_is_kept(service: IntelligentAssistantService) -> None:
    ask(service, "My order 4821377 is late, how long can I return it?")
    assert not CachedAnswer.objects.exists()


def test_a_reviewer_takes_a_wrong_answer_out_and_puts_a_right_one_first(
    service: IntelligentAssistantService,
) -> None:
    turn = ask(service, "How long can I return an item?")
    assert service.cache
    service.cache.judge(turn=turn, verdict=Review.Verdict.RIGHT)
    assert CachedAnswer.objects.get().approved
    given = ask(service, "How long can I return an item?")
    service.cache.judge(turn=given, verdict=Review.Verdict.WRONG)
    assert not CachedAnswer.objects.exists()


def test_a_quoted_answer_is_not_given_where_a_model_would_write(
    service: IntelligentAssistantService,
) -> None:
    ask(service, "How long can I return an item?")
    CachedAnswer.objects.update(tier="extractive")
    assert ask(service, "How long can I return an item?").tier == "cpu"


def test_a_short_question_in_mid_conversation_has_no_double() -> None:
    assert not stands_alone("and for gift cards?", history=True)
    assert stands_alone("and for gift cards?", history=False)
    assert stands_alone("how do I return a faulty kettle by post", history=True)
    one, two = asked("Is it free?"), asked("Is it not free?")
    assert one and two
    assert not may_be_same(one, two)


def test_a_question_asked_during_an_answer_is_answered_alone(
    service: IntelligentAssistantService,
) -> None:
    seen: list[str] = []

    class Listening(Confident):
        def judge(self, memory: object, *, last: LastTurn, rung: str = "") -> Judgement:
            seen.append(memory.question)  # type: ignore[attr-defined]
            return super().judge(memory, last=last)

    service.judge = Listening(Article.objects.get())
    conversation = IntakeService().open_conversation().id

    def post(text: str) -> None:
        IntakeService().post_message(
            conversation_id=conversation, client_id=uuid.uuid4(), text=text, now=timezone.now()
        )

    post("How long can I return an item?")
    first = Turn.objects.get()
    lease = turns.claim(turn_id=first.pk)
    assert lease
    post("How do I track my parcel?")
    finish(
        lease=lease,
        outcome=Outcome(decision="answer", reason=CONFIDENT, text="30 days.", tier="cpu"),
        desk=EscalationDeskService(),
        now=timezone.now(),
    )
    following = Turn.objects.get(state=Turn.State.QUEUED)
    assert service.reply(turn_id=following.pk)
    assert seen == ["How do I track my parcel?"]
