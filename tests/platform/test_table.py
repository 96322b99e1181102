"""Rows by SQL of our own are the ORM's: the same values, defaults, errors and counts."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, NotSupportedError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import AuditEntry, Conversation, Message, Turn
from conversations.tables import AUDIT_ENTRIES, CONVERSATIONS, LIVE, MESSAGES, TURNS
from portal.core.prepared import bound_cursor, prepared_cursor
from portal.core.table import Table

pytestmark = pytest.mark.django_db


@pytest.fixture
def turn() -> Turn:
    conversation = Conversation.objects.create(token_hash="x", language="en")
    now = timezone.now()
    question = Message.objects.create(
        conversation=conversation, seq=1, author="customer", text="50 % off?", created_at=now
    )
    return Turn.objects.create(
        conversation=conversation,
        question=question,
        covers_seq=1,
        accepted_at=now,
        rung_at=now,
        deadline_at=now + timedelta(seconds=60),
        tiers_tried=["gpu"],
        trace={"choices": [{"title": "100 % wool"}]},
        confidence=0.25,
    )


def values(row: Conversation | Message | Turn) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_a_row_is_read_as_the_orm_reads_it(turn: Turn) -> None:
    [read] = TURNS.read("id = %s", [turn.pk])
    assert values(read) == values(Turn.objects.get(pk=turn.pk))
    assert (read._state.adding, read._state.db) == (False, "default")
    assert TURNS.first(f"conversation_id = %s AND {LIVE}", [turn.conversation_id]) == turn
    assert TURNS.first("id = %s", [uuid.uuid4()]) is None


def test_a_row_is_written_as_the_orm_writes_it(turn: Turn) -> None:
    made = Conversation(token_hash="y", contact_email="it's@example.com")
    CONVERSATIONS.insert([made])
    stored = Conversation.objects.get(pk=made.pk)
    assert values(stored) == values(made)
    made.language = "nl"
    made.save()  # it is known to be stored
    assert Conversation.objects.get(pk=made.pk).language == "nl"


def test_rows_that_the_database_numbers_know_their_numbers() -> None:
    entries = [AuditEntry(at=timezone.now(), action=f"{number}", details={}) for number in range(3)]
    AUDIT_ENTRIES.insert(entries)
    stored = AuditEntry.objects.filter(pk__in=[entry.pk for entry in entries]).order_by("pk")
    assert [entry.action for entry in stored] == ["0", "1", "2"]
    AUDIT_ENTRIES.insert([])


def test_an_update_says_how_many_rows_it_met(turn: Turn) -> None:
    changed = {"trace": {"now": ["5 %"]}, "confidence": None, "reason": "%s"}
    assert TURNS.update("id = %s", [turn.pk], **changed) == 1
    assert TURNS.update("id = %s", [uuid.uuid4()], **changed) == 0
    turn.refresh_from_db()
    assert {name: getattr(turn, name) for name in changed} == changed


def test_a_constraint_that_is_broken_is_the_orms_error(turn: Turn) -> None:
    with pytest.raises(IntegrityError, match="message_seq_unique"):
        MESSAGES.insert(
            [
                Message(
                    conversation=turn.conversation,
                    seq=1,
                    author="customer",
                    text="again",
                    created_at=timezone.now(),
                )
            ]
        )


def test_fields_that_were_not_read_are_fetched_when_asked_for(turn: Turn) -> None:
    [read] = Table(Turn, "reason", "confidence", "id").read("id = %s", [turn.pk])
    assert (read.pk, read.reason, read.confidence) == (turn.pk, "", 0.25)
    assert read.get_deferred_fields() >= {"trace", "conversation_id"}
    assert read.trace == turn.trace


def test_a_join_gives_an_instance_of_each_table_or_none(turn: Turn) -> None:
    statement = f"""
        SELECT {MESSAGES.columns}, {TURNS.columns} FROM conversations_message
        LEFT JOIN conversations_turn ON conversations_turn.reply_id = conversations_message.id
        WHERE conversations_message.id = %s
    """
    assert Table.joined(statement, [turn.question_id], MESSAGES, TURNS) == [(turn.question, None)]
    Turn.objects.filter(pk=turn.pk).update(reply=turn.question)
    assert Table.joined(statement, [turn.question_id], MESSAGES, TURNS) == [(turn.question, turn)]


def test_a_field_that_does_not_exist_is_named_at_the_first_use() -> None:
    with pytest.raises(KeyError, match="raeson"):
        Table(Turn, "id", "raeson").read("true")


def prepared(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", [statement]
        )
        return int(cursor.fetchone()[0])


def test_a_statement_is_prepared_once_and_counted_each_time(turn: Turn) -> None:
    with CaptureQueriesContext(connection) as seen:
        for _ in range(3):
            TURNS.read("id = %s", [turn.pk])
    assert len(seen) == 3
    assert all(query["sql"].endswith("WHERE id = $1") for query in seen)
    assert prepared("SELECT %conversations_turn%WHERE id = $1") == 1


def test_a_statement_of_changing_shape_is_never_prepared_and_no_text_is_kept(turn: Turn) -> None:
    for _ in range(9):
        with bound_cursor() as cursor:
            cursor.execute("SELECT %s::int + 17", [4])
            assert cursor.fetchone() == (21,)
        Turn.objects.get(pk=turn.pk)
    assert prepared("SELECT $1::int + 17") == 0
    assert connection.connection._prepared._counts == {}


@pytest.mark.django_db(transaction=True)
def test_a_column_that_changed_its_type_is_read_with_a_new_plan() -> None:
    def kept() -> list[tuple[str]]:
        with prepared_cursor() as cursor:
            cursor.execute("SELECT name FROM changing")
            return list(cursor.fetchall())

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE changing (name varchar(5))")
        try:
            cursor.execute("INSERT INTO changing VALUES ('short')")
            assert kept() == kept() == [("short",)]
            cursor.execute("ALTER TABLE changing ALTER name TYPE varchar(50)")
            assert kept() == kept() == [("short",)]
            cursor.execute("ALTER TABLE changing ALTER name TYPE text")
            with pytest.raises(NotSupportedError), transaction.atomic():
                kept()
            assert kept() == [("short",)]  # the rollback forgot the old plan
        finally:
            cursor.execute("DROP TABLE changing")
