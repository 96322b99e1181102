"""A cursor whose statements PostgreSQL parses once a session, not once a question, and mostly plans
once.

Django's cursor puts the values into the statement's text. Here they travel beside it, and the
statement is prepared at its first use. For statements of a fixed shape that look few rows up by an
index: what is good for one value is good for all. A rollback of the whole transaction forgets them;
they are prepared again. A pooler must be in session mode (docs/operations.md).
"""

from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg.errors import FeatureNotSupported
from psycopg.pq import TransactionStatus


class _BoundCursor(psycopg.Cursor[Any]):
    """psycopg's, which also keeps what it sent where Django's log of queries looks for it."""

    def _convert_query(self, *arguments: Any) -> Any:
        self._query = super()._convert_query(*arguments)
        return self._query


class _PreparedCursor(_BoundCursor):
    def execute(self, query: Any, params: Any = None, **options: Any) -> "_PreparedCursor":
        """Where a column's type changed since, once more with a plan made anew. (In a transaction
        the rollback that the error brings forgets the old plan.)"""
        try:
            return self._run(query, params, prepare=True)
        except FeatureNotSupported:  # "cached plan must not change result type"
            if self.connection.info.transaction_status != TransactionStatus.IDLE:
                raise
        self._run("DEALLOCATE ALL", None, prepare=False)
        return self._run(query, params, prepare=True)

    def _run(self, query: Any, params: Any, *, prepare: bool) -> "_PreparedCursor":
        """Only we may prepare, and only now: with a threshold, psycopg keeps the text of the last
        hundred statements of anybody, vectors and all."""
        self.connection.prepare_threshold = 0
        try:
            super().execute(query, params, prepare=prepare)
        finally:
            self.connection.prepare_threshold = None
        return self


def prepared_cursor() -> CursorWrapper:
    """As connection.cursor(): with Django's errors, wrappers and log of queries."""
    return _wrapped(_PreparedCursor)


def bound_cursor() -> CursorWrapper:
    """The same, for a statement whose shape is not always the same: it is planned each time."""
    return _wrapped(_BoundCursor)


def _wrapped(kind: "type[psycopg.Cursor[Any]]") -> CursorWrapper:
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    cursor: Any = kind(connection.connection)
    if connection.queries_logged:
        return connection.make_debug_cursor(cursor)
    return connection.make_cursor(cursor)
