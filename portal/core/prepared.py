"""A cursor whose statements PostgreSQL parses and plans once a session, not once a question.

Django's cursor puts the values into the statement's text. Here they travel beside it, and the
statement is prepared at its first use (portal/connections.py keeps Django's own
cursors out of it). For statements of a fixed shape that look rows up by a key: what is good for one
value is good for all. Sessions are kept, so a pooler must be in session mode (docs/operations.md).
"""

from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper


class _BoundCursor(psycopg.Cursor[Any]):
    """psycopg's, which also keeps what it sent where Django's log of queries looks for it."""

    def _convert_query(self, *arguments: Any) -> Any:
        self._query = super()._convert_query(*arguments)
        return self._query


class _PreparedCursor(_BoundCursor):
    def execute(self, query: Any, params: Any = None, **options: Any) -> "_PreparedCursor":
        super().execute(query, params, prepare=True)
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
