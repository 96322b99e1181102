"""Many conversations as the record would hold them, written by the database itself in bulk.

Rows are alike but for times, words and outcomes: enough for lists, filters and searches to work
as they do over a real record of that size. Nobody can open them: their token is no token's hash.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Field, Model

from conversations.models import (
    AuditEntry,
    Conversation,
    Customer,
    Escalation,
    Message,
    Rating,
    ReviewItem,
    Turn,
)

MARK = "benchmark-admin"
#: Seconds between two conversations: a million of them are half a year.
APART = 15
#: One of so many messages has these words: a search that finds little.
RARE, RARE_WORDS = 50_000, "turquoise zeppelin"

_AT = f"now() - n * interval '{APART} seconds'"
_TOPIC = (
    "(ARRAY['return','parcel','invoice','refund','delivery','warranty','gift','address'])"
    "[1 + mod(n, 8)]"
)
_TRACE = '{"confidence": 0.8, "threshold": 0.7, "signals": {"cosine": 0.7}, "parts": {"cosine": 1}}'


def _id(kind: str) -> str:
    return f"md5('{kind}' || n)::uuid"


@dataclass(frozen=True)
class Rows:
    """The rows of a model: SQL of a column's value for the number n; others have defaults."""

    model: type[Model]
    values: dict[str, str]
    where: str = "TRUE"


def _message(kind: str, seq: int, author: str, text: str) -> Rows:
    return Rows(
        Message,
        {
            "id": _id(kind), "conversation_id": _id("c"), "seq": str(seq),
            "author": f"'{author}'", "text": text,
            "created_at": f"{_AT} + interval '{seq} seconds'",
        },
    )  # fmt: skip


ROWS: tuple[Rows, ...] = (
    Rows(
        Customer,
        {
            "id": _id("u"), "identity": f"'{MARK}:' || n", "display_name": "'Customer ' || n",
            "email": "'customer' || n || '@shop.example'", "created_at": _AT,
        },
        "mod(n, 3) = 0",
    ),
    Rows(
        Conversation,
        {
            "id": _id("c"), "customer_id": f"CASE WHEN mod(n, 3) = 0 THEN {_id('u')} END",
            "channel": "(ARRAY['web','widget','email'])[1 + mod(n, 3)]", "token_hash": f"'{MARK}'",
            "status": "(ARRAY['open','resolved','closed','closed'])[1 + mod(n, 4)]",
            "holder": "CASE WHEN mod(n, 20000) = 0 THEN 'nobody' ELSE 'assistant' END",
            "language": "(ARRAY['en','de','fr'])[1 + mod(n, 3)]", "head_seq": "3",
            "created_at": _AT, "updated_at": _AT,
        },
    ),
    _message(
        "q", 1, "customer",
        f"'I have a question on my ' || {_TOPIC} || ', can you help?' || "
        f"CASE WHEN mod(n, {RARE}) = 0 THEN ' About the {RARE_WORDS}.' ELSE '' END",
    ),
    _message(
        "r", 2, "assistant", f"'This is what our articles say on a ' || {_TOPIC} || ' like yours.'"
    ),
    _message("t", 3, "customer", "'Thank you, that was all.'"),
    Rows(
        Turn,
        {
            "id": _id("x"), "conversation_id": _id("c"), "question_id": _id("q"),
            "covers_seq": "1", "message_id": _id("r"), "reply_id": _id("r"),
            "state": "CASE WHEN mod(n, 30000) = 0 THEN 'failed' ELSE 'done' END",
            "decision": "CASE WHEN mod(n, 10) < 7 THEN 'answer' WHEN mod(n, 10) = 7 "
                        "THEN 'clarify' ELSE 'escalate' END",
            "reason": "CASE WHEN mod(n, 10) < 7 THEN 'confident' WHEN mod(n, 10) = 7 THEN "
                      "'several_articles' WHEN mod(n, 1000) = 8 THEN 'complaint' ELSE 'not_sure' "
                      "END",
            "tier": "CASE WHEN mod(n, 10) < 7 THEN (ARRAY['gpu','cpu','extractive','cache'])"
                    "[1 + mod(n, 4)] ELSE '' END",
            "confidence": "mod(n, 100) / 100.0", "trace": f"'{_TRACE}'", "rung_at": _AT,
            "deadline_at": _AT, "accepted_at": _AT, "claimed_at": f"{_AT} + interval '10 ms'",
            "decided_at": f"{_AT} + interval '60 ms'",
            "first_token_at": f"{_AT} + interval '200 ms'", "done_at": f"{_AT} + interval '1 s'",
        },
    ),
    Rows(
        Rating,
        {
            "message_id": _id("r"), "score": "CASE WHEN mod(n, 4) = 0 THEN -1 ELSE 1 END",
            "created_at": _AT, "updated_at": _AT,
        },
        "mod(n, 5) = 0",
    ),
    Rows(
        Escalation,
        {
            "id": _id("e"), "conversation_id": _id("c"), "turn_id": _id("x"),
            "reason": "CASE WHEN mod(n, 1000) = 8 THEN 'complaint' ELSE 'not_sure' END",
            "state": "'withdrawn'", "topic": "'orders'", "opened_at": _AT,
            "ended_at": f"{_AT} + interval '1 hour'",
        },
        "mod(n, 10) >= 8",
    ),
    Rows(
        AuditEntry,
        {
            "at": _AT, "action": "(ARRAY['opened','claimed','resolved'])[1 + mod(n, 3)]",
            "conversation_id": _id("c"),
        },
        "mod(n, 4) = 0",
    ),
    Rows(
        ReviewItem,
        {
            "turn_id": _id("x"), "why": "ARRAY['thumbs_down']", "priority": "2",
            "state": "CASE WHEN n > 200000 THEN 'skipped' ELSE 'open' END",
            "closed_at": f"CASE WHEN n > 200000 THEN {_AT} END", "added_at": _AT,
        },
        "mod(n, 500) = 0",
    ),
)  # fmt: skip


def write(*, first: int, last: int) -> Iterator[str]:
    """Insert the rows of the conversations with these numbers; yields what is written."""
    for rows in ROWS:
        _insert(rows, first, last)
        yield str(rows.model._meta.verbose_name_plural)


def _insert(rows: Rows, first: int, last: int) -> None:
    fields: list[Field[Any, Any]] = [
        field
        for field in rows.model._meta.local_concrete_fields
        if field.column in rows.values or not (field.null or field.primary_key)
    ]
    columns = ", ".join(field.column for field in fields)
    values = ", ".join(rows.values.get(field.column, "%s") for field in fields)
    defaults = [
        field.get_db_prep_save(field.get_default(), connection)
        for field in fields
        if field.column not in rows.values
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {rows.model._meta.db_table} ({columns}) SELECT {values} "  # noqa: S608
            f"FROM generate_series(%s::int, %s::int) n WHERE {rows.where}",
            [*defaults, first, last],
        )


def settle() -> None:
    """What autovacuum would do in time: statistics, and pages marked as visible to all."""
    with connection.cursor() as cursor:
        for table in sorted({rows.model._meta.db_table for rows in ROWS}):
            cursor.execute(f"VACUUM (ANALYZE) {table}")


def known() -> int:
    """The number of such conversations that are there."""
    return Conversation.objects.filter(token_hash=MARK).count()
