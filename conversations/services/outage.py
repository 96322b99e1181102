"""Work that must not be lost to a restart of the database."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

from portal import limits

T = TypeVar("T")

#: What a database that is away, or was for a moment, looks like.
AWAY = (OperationalError, InterfaceError)
_PAUSE_SECONDS = 0.3


def through_outage(
    call: Callable[[], T],
    *,
    seconds: float = limits.OUTAGE,
    sleep: Callable[[float], object] = time.sleep,
) -> T:
    """Run one transaction, again while the database is away; after `seconds` the error comes out.

    The call must be safe to run again after a commit whose answer was lost on the wire.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return call()
        except AWAY:
            if connection.in_atomic_block or time.monotonic() > deadline:
                raise
            connection.close()
            sleep(_PAUSE_SECONDS)
