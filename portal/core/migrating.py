"""One process at a time brings the schema up to date."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_LOCK = 7_203  # an advisory lock of PostgreSQL; those beside it are used by other parts


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Waits until no other process is within. The lock ends with its session at the latest."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
