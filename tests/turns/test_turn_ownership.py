"""One worker at a time answers a turn, and who lost it can change nothing."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from conversations.escalation.desk import EscalationDeskService
from conversations.models import (
    Conversation,
    ConversationEvent,
    Escalation,
    Message,
    Turn,
)
from conversations.services import turns
from conversations.services.intake import IntakeService
from conversations.services.outcome import Outcome, finish
from conversations.services.sweeper import SweeperService
from conversations.services.turns import LostTurn

pytestmark = pytest.mark.django_db(transaction=True)

OUTCOME = Outcome(decision="answer", reason="article", text="Within 30 days.", tier="cpu")


def post(conversation_id: uuid.UUID, text: str = "How long?") -> uuid.UUID:
    accepted = IntakeService().post_message(
        conversation_id=conversation_id, client_id=uuid.uuid4(), text=text, now=timezone.now()
    )
    assert accepted.turn_id is not None
    return accepted.turn_id


@pytest.fixture
def conversation() -> uuid.UUID:
    return IntakeService().open_conversation().id


def end(lease: turns.Lease, outcome: Outcome = OUTCOME) -> int:
    return finish(lease=lease, outcome=outcome, desk=EscalationDeskService(), now=timezone.now())


def test_of_many_workers_that_claim_a_turn_at_once_one_gets_it(conversation: uuid.UUID) -> None:
    turn_id = post(conversation)

    def attempt(_: int) -> bool:
        try:
            return turns.claim(turn_id=turn_id) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_a_redelivered_wake_up_of_an_ended_turn_gets_nothing(conversation: uuid.UUID) -> None:
    turn_id = post(conversation)
    lease = turns.claim(turn_id=turn_id)
    assert lease
    end(lease)
    assert turns.claim(turn_id=turn_id) is None
    assert Message.objects.filter(author="assistant").count() == 1


def test_a_worker_that_lost_its_turn_can_neither_record_nor_finish(
    conversation: uuid.UUID,
) -> None:
    turn_id = post(conversation)
    first = turns.claim(turn_id=turn_id)
    Turn.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    second = turns.claim(turn_id=turn_id)
    assert first and second and second.epoch == first.epoch + 1
    assert list(turns.renew([first.owner, second.owner])) == [second.owner]
    with pytest.raises(LostTurn):
        turns.record(first, query="late")
    with pytest.raises(LostTurn):
        end(first)
    assert not Message.objects.filter(author="assistant").exists()
    end(second)
    assert Message.objects.filter(author="assistant").count() == 1


def test_the_same_client_id_sent_twice_at_once_is_one_message(conversation: uuid.UUID) -> None:
    client_id = uuid.uuid4()

    def send(_: int) -> uuid.UUID:
        try:
            return (
                IntakeService()
                .post_message(
                    conversation_id=conversation,
                    client_id=client_id,
                    text="hello",
                    now=timezone.now(),
                )
                .message_id
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(send, range(6)))) == 1
    assert Message.objects.count() == 1
    assert Turn.objects.count() == 1


def test_a_burst_of_messages_before_the_claim_is_one_turn_that_covers_them_all(
    conversation: uuid.UUID,
) -> None:
    ids = {post(conversation, f"part {number}") for number in range(10)}
    assert len(ids) == 1
    assert Turn.objects.get().covers_seq == 10


def test_a_claim_that_waited_for_the_customers_next_message_gets_the_turn_with_it(
    conversation: uuid.UUID,
) -> None:
    turn_id = post(conversation)

    def claim() -> turns.Lease | None:
        try:
            return turns.claim(turn_id=turn_id)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            post(conversation, "I mean the blue one")
            claimed = pool.submit(claim)
            until_somebody_waits_for_a_lock()
        lease = claimed.result(timeout=10)
    assert lease is not None and lease.turn is not None
    assert lease.turn.question.text == "I mean the blue one"
    assert lease.turn.covers_seq == 2


def until_somebody_waits_for_a_lock() -> None:
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.01)
    raise AssertionError("nobody waited for a lock")


def test_a_message_during_the_answer_is_answered_by_the_next_turn(
    conversation: uuid.UUID,
) -> None:
    lease = turns.claim(turn_id=post(conversation))
    assert lease
    post(conversation, "and gift cards?")
    end(lease)
    following = Turn.objects.get(state=Turn.State.QUEUED)
    assert following.question.text == "and gift cards?"


def test_a_message_before_the_first_word_is_taken_along(conversation: uuid.UUID) -> None:
    lease = turns.claim(turn_id=post(conversation))
    assert lease
    post(conversation, "I mean the blue one")
    assert turns.cover_newer_messages(lease)
    assert not turns.cover_newer_messages(lease)
    end(lease)
    assert not Turn.objects.filter(state=Turn.State.QUEUED).exists()


def test_sequence_numbers_have_no_gap_under_concurrent_writers(conversation: uuid.UUID) -> None:
    def send(number: int) -> None:
        try:
            post(conversation, f"message {number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(40)))
    seqs = list(ConversationEvent.objects.values_list("seq", flat=True).order_by("seq"))
    assert seqs == list(range(1, 41))


def test_the_database_refuses_a_gap_in_the_sequence_by_name(conversation: uuid.UUID) -> None:
    post(conversation)
    with pytest.raises(IntegrityError, match="gap"), transaction.atomic():
        ConversationEvent.objects.create(
            conversation_id=conversation, seq=5, type="reply.done", created_at=timezone.now()
        )


@pytest.mark.parametrize(
    ("constraint", "build"),
    [
        (
            "turn_one_live_per_conversation",
            lambda c, m: Turn.objects.create(
                conversation=c,
                question=m,
                covers_seq=1,
                accepted_at=timezone.now(),
                rung_at=timezone.now(),
                deadline_at=timezone.now(),
            ),
        ),
        (
            "message_client_id_unique",
            lambda c, m: Message.objects.create(
                conversation=c,
                seq=9,
                author="customer",
                text="x",
                client_id=m.client_id,
                created_at=timezone.now(),
            ),
        ),
        (
            "message_seq_unique",
            lambda c, m: Message.objects.create(
                conversation=c, seq=m.seq, author="system", text="x", created_at=timezone.now()
            ),
        ),
        (
            "event_seq_unique",
            lambda c, m: ConversationEvent.objects.bulk_create(
                [
                    ConversationEvent(
                        conversation=c, seq=2, type="reply.done", created_at=timezone.now()
                    )
                    for _ in range(2)
                ]
            ),
        ),
        (
            "escalation_one_open_per_conversation",
            lambda c, m: [
                Escalation.objects.create(
                    conversation=c, reason="not_sure", opened_at=timezone.now()
                )
                for _ in range(2)
            ],
        ),
        (
            "conversation_agent_matches_holder",
            lambda c, m: Conversation.objects.filter(pk=c.pk).update(holder="agent"),
        ),
        (
            "turn_running_has_lease",
            lambda c, m: Turn.objects.update(state="running"),
        ),
        (
            "turn_ended_has_reply",
            lambda c, m: Turn.objects.update(state="done", done_at=timezone.now()),
        ),
    ],
)
def test_the_database_keeps_the_invariants_by_name(
    conversation: uuid.UUID, constraint: str, build: object
) -> None:
    post(conversation)
    message = Message.objects.get()
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        build(Conversation.objects.get(), message)  # type: ignore[operator]
    assert constraint in str(caught.value) or "gap" in str(caught.value)


def test_a_turn_whose_worker_fell_silent_is_rung_again_and_one_past_its_time_ends_with_the_truth(
    conversation: uuid.UUID,
) -> None:
    turn_id = post(conversation)
    assert turns.claim(turn_id=turn_id)
    Turn.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert SweeperService().sweep(now=timezone.now()).rung == 1
    assert SweeperService().sweep(now=timezone.now() + timedelta(minutes=5)).given_up == 1
    turn = Turn.objects.select_related("reply").get()
    assert turn.state == Turn.State.FAILED
    assert turn.error_code == "late"
    assert turn.reply and "asked a colleague" in turn.reply.text
    assert Escalation.objects.open().count() == 1
    assert SweeperService().sweep(now=timezone.now() + timedelta(minutes=5)).given_up == 0


def test_a_turn_given_back_is_free_at_once_and_its_attempt_does_not_count(
    conversation: uuid.UUID,
) -> None:
    lease = turns.claim(turn_id=post(conversation))
    assert lease
    assert turns.release(lease)
    assert not turns.release(lease)
    assert Turn.objects.get().attempts == 0
    assert turns.claim(turn_id=lease.turn_id)


def test_asking_twice_for_a_person_opens_one_escalation_and_says_so_both_times(
    conversation: uuid.UUID,
) -> None:
    for _ in range(2):
        IntakeService().request_person(conversation_id=conversation, now=timezone.now())
    assert Escalation.objects.open().count() == 1
    assert Message.objects.filter(author="system").count() == 2
    assert Conversation.objects.get().status == Conversation.Status.WAITING
