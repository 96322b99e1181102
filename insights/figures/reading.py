"""How figures read the database: read-only, not for long, and all of a page from one moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection, transaction
from django.db.utils import OperationalError

from portal.core.errors import ServiceError

STATEMENT_TIMEOUT_MS = 5_000


class TooLong(ServiceError):
    """This figure takes too long to count. Choose a shorter period or fewer filters."""

    code = "too_long"


#: Inside `one_moment`: what was asked already, and its rows.
_asked: ContextVar[dict[Any, list[Any]] | None] = ContextVar("asked", default=None)


@contextmanager
def one_moment() -> Iterator[None]:
    """Everything read inside sees the same rows, and the same question is read once.

    So the tiles, lines and tables of a page agree with one another while conversations go on.
    """
    if _asked.get() is not None:
        yield
        return
    alone = not connection.in_atomic_block  # inside another transaction its own view holds
    token = _asked.set({})
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            level = "ISOLATION LEVEL REPEATABLE READ READ ONLY" if alone else "READ ONLY"
            cursor.execute(f"SET TRANSACTION {level}")
            cursor.execute(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}")
            yield
    finally:
        _asked.reset(token)


def read(sql: str, values: tuple[Any, ...] | list[Any] = ()) -> list[Any]:
    """The rows of a query. Raises TooLong."""
    with one_moment():
        asked = _asked.get()
        assert asked is not None
        key = (sql, repr(values))
        if key not in asked:
            asked[key] = _execute(sql, values)
        return asked[key]


def _execute(sql: str, values: Any) -> list[Any]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())
    except OperationalError as error:
        if "statement timeout" in str(error):
            raise TooLong from error
        raise
