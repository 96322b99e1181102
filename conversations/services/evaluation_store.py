"""A knowledge base for the length of an evaluation, beside the live one and never in its tables.

A schema of its own on the same PostgreSQL, so that evaluation runs the very queries of production.
It is dropped at the end; what a killed evaluation left is dropped by the next one.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection

from conversations.models import (
    Article,
    ArticleRevision,
    KnowledgeState,
    LearntPhrasing,
    Passage,
    Section,
    Synonym,
    Term,
)
from portal.core.migrating import one_at_a_time

PREFIX = "evaluation_"
_TABLES = (
    Section, Article, ArticleRevision, LearntPhrasing, Passage, Synonym, Term, KnowledgeState,
)  # fmt: skip
_LOCK_SPACE = 7_202  # advisory locks: the schema is in use for as long as its session lives


@contextmanager
def separate_store() -> Iterator[str]:
    """Within the block this thread's connection sees empty knowledge tables of its own."""
    name = f"{PREFIX}{os.getpid()}_{secrets.token_hex(4)}"
    _make_tables()
    drop_abandoned()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        (home,) = cursor.fetchone()
        cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [_LOCK_SPACE, name])
        cursor.execute(f"CREATE SCHEMA {name}")
    try:
        with connection.cursor() as cursor:
            for model in _TABLES:
                table = model._meta.db_table
                cursor.execute(f"CREATE TABLE {name}.{table} (LIKE {home}.{table} INCLUDING ALL)")
            cursor.execute(f"SET search_path TO {name}, {home}")
        yield name
    finally:
        if connection.in_atomic_block:  # in a test's transaction, which may have failed
            connection.needs_rollback = False
        with connection.cursor() as cursor:
            cursor.execute("RESET search_path")
            cursor.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
            cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [_LOCK_SPACE, name])


def _make_tables() -> None:
    """On a machine where the portal has never run, the tables that the store is shaped after."""
    if _has_tables():
        return
    with one_at_a_time():
        if not _has_tables():
            call_command("migrate", interactive=False, verbosity=0)


def _has_tables() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [Article._meta.db_table])
        (found,) = cursor.fetchone()
    return bool(found)


def drop_abandoned() -> list[str]:
    """Drop the stores of evaluations that ended without doing so; returns their names."""
    dropped = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname ~ %s ORDER BY 1",
            [f"^{PREFIX}[0-9]+_[0-9a-f]+$"],
        )
        for (name,) in cursor.fetchall():
            cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_LOCK_SPACE, name])
            if cursor.fetchone() == (True,):
                cursor.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
                cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [_LOCK_SPACE, name])
                dropped.append(name)
    return dropped
