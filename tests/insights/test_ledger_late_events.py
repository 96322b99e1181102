"""Late and repeated events, in any order, end in the same facts and sums as one full reading."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.models import (
    Conversation,
    Customer,
    Escalation,
    Message,
    Rating,
    Review,
    Turn,
)
from insights.ledger.refresh import LedgerService
from insights.models import (
    ConversationFact,
    DirtyHour,
    EscalationFact,
    Histogram,
    InsightsState,
    Rollup,
    TurnFact,
)

pytestmark = pytest.mark.django_db
START = datetime(2026, 10, 20, tzinfo=UTC)
LOOK = START + timedelta(days=12)

events = st.lists(
    st.tuples(
        st.sampled_from(["ask", "turn", "rate", "escalate", "resolve", "review", "erase", "look"]),
        st.integers(0, 3),  # which conversation
        st.integers(0, 10 * 24 * 60),  # minutes after START: any order, so late ones too
        st.booleans(),
    ),
    max_size=25,
)


class World:
    """A few conversations to which anything may happen, in any order."""

    def __init__(self) -> None:
        self.people = [Customer.objects.create(identity=str(uuid.uuid4())) for _ in range(2)]
        self.reviewer = get_user_model().objects.create(username=f"r{uuid.uuid4().hex[:8]}")
        self.threads: dict[int, Conversation] = {}

    def thread(self, number: int) -> Conversation:
        if number not in self.threads:
            self.threads[number] = Conversation.objects.create(
                customer=self.people[number % 2], token_hash="x", language="en"
            )
        return self.threads[number]

    def say(self, thread: Conversation, author: str, at: datetime) -> Message:
        seq = Message.objects.filter(conversation=thread).count() + 1
        thread.save(update_fields=["updated_at"])
        return Message.objects.create(
            conversation=thread, seq=seq, author=author, text="…", created_at=at
        )

    def ask(self, number: int, at: datetime, _flag: bool) -> None:
        self.say(self.thread(number), "customer", at)

    def turn(self, number: int, at: datetime, flag: bool) -> None:
        thread = self.thread(number)
        question = self.say(thread, "customer", at)
        reply = self.say(thread, "assistant", at + timedelta(seconds=3))
        Turn.objects.create(
            conversation=thread, question=question, covers_seq=question.seq, reply=reply,
            state="done", decision="answer" if flag else "clarify", tier="cpu", deadline_at=at,
            rung_at=at, accepted_at=at, claimed_at=at, done_at=at + timedelta(seconds=3),
        )  # fmt: skip

    def rate(self, number: int, _at: datetime, flag: bool) -> None:
        last = Message.objects.filter(conversation=self.thread(number), author="assistant").last()
        if last:
            Rating.objects.update_or_create(message=last, defaults={"score": 1 if flag else -1})

    def escalate(self, number: int, at: datetime, _flag: bool) -> None:
        thread = self.thread(number)
        if not thread.escalations.filter(state="waiting").exists():
            Escalation.objects.create(conversation=thread, reason="not_sure", opened_at=at)
            thread.save(update_fields=["updated_at"])

    def resolve(self, number: int, at: datetime, flag: bool) -> None:
        thread = self.thread(number)
        state = "resolved" if flag else "withdrawn"
        thread.escalations.filter(state="waiting").update(
            state=state, claimed_at=at, ended_at=at + timedelta(minutes=5)
        )
        thread.save(update_fields=["updated_at"])

    def review(self, number: int, _at: datetime, flag: bool) -> None:
        turn = Turn.objects.filter(conversation=self.thread(number)).last()
        if turn and not turn.reviews.exists():
            verdict = "right" if flag else "wrong"
            Review.objects.create(turn=turn, reviewer=self.reviewer, verdict=verdict)

    def erase(self, number: int, _at: datetime, _flag: bool) -> None:
        """A customer's right: the rows go, by SQL as well as by the ORM."""
        if (thread := self.threads.pop(number, None)) is not None:
            Turn.objects.filter(conversation=thread).delete()
            thread.delete()


def _snapshot() -> list[object]:
    found: list[object] = []
    for model in (ConversationFact, TurnFact, EscalationFact, Rollup, Histogram):
        rows = model.objects.values_list(*[field.attname for field in model._meta.local_fields])
        found.append(sorted(map(repr, rows)))
    return found


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events)
def test_any_order_of_late_and_repeated_events_ends_as_a_full_rebuild(
    db: None, happened: list[tuple[str, int, int, bool]]
) -> None:
    with transaction.atomic():
        ledger, world = LedgerService(), World()
        ledger.rebuild(now=LOOK)
        for name, number, minutes, flag in happened:
            if name == "look":
                _read(ledger)
                _read(ledger)  # once more changes nothing
            else:
                getattr(world, name)(number, START + timedelta(minutes=minutes), flag)
        _read(ledger)
        step_by_step = _snapshot()
        assert not DirtyHour.objects.exists()
        for model in (Rollup, Histogram, ConversationFact, TurnFact, EscalationFact):
            model.objects.all().delete()
        ledger.rebuild(now=LOOK)
        assert _snapshot() == step_by_step
        transaction.set_rollback(True)


def _read(ledger: LedgerService) -> None:
    """The rows carry the real clock's updated_at, so the last look must lie before it."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE insights_insightsstate SET read_until = now() - interval '1 hour'")
    ledger.refresh(now=LOOK)


def test_reading_twice_changes_nothing(history: None, now: datetime) -> None:
    before = _snapshot()
    LedgerService().rebuild(now=now)
    assert _snapshot() == before


def test_another_catalogue_makes_every_sum_anew(history: None, now: datetime) -> None:
    before = _snapshot()
    InsightsState.objects.update(catalogue="an older one")
    Rollup.objects.update(components=[0])
    Histogram.objects.filter(series=0).delete()
    LedgerService().refresh(now=now)
    assert _snapshot() == before


def test_silence_is_never_solved_and_a_return_takes_a_success_back(db: None) -> None:
    ledger, world = LedgerService(), World()
    world.turn(0, START, True)
    ledger.rebuild(now=LOOK)
    assert _outcome(world, 0) == "silent"
    world.rate(0, START, True)
    ledger.rebuild(now=LOOK)
    assert _outcome(world, 0) == "confirmed"
    world.escalate(1, START, True)
    world.ask(1, START, True)
    ledger.rebuild(now=LOOK)
    assert _outcome(world, 1) == "open"
    world.resolve(1, START, False)
    ledger.rebuild(now=LOOK)
    assert _outcome(world, 1) == "unserved"


def test_a_conversation_is_open_until_it_has_been_quiet_for_a_day(db: None) -> None:
    world = World()
    world.turn(0, START, True)
    LedgerService().rebuild(now=START + timedelta(hours=23))
    assert _outcome(world, 0) == "open"
    LedgerService().refresh(now=START + timedelta(hours=25))
    assert _outcome(world, 0) == "silent"


def _outcome(world: World, number: int) -> str:
    return ConversationFact.objects.get(conversation=world.threads[number]).outcome
