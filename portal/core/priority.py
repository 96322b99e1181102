"""How far a thread stands back behind the others of its process (nice(7), by thread on Linux)."""

import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def stand_back(nice: int) -> None:
    """Lower the calling thread so far below its process, for as long as it lives; one that stands
    further back stays there. Each step takes about a fifth of its share where others want the core
    too."""
    with contextlib.suppress(OSError):  # where a thread has no priority of its own
        own = threading.get_native_id()
        below = os.getpriority(os.PRIO_PROCESS, os.getpid()) + nice
        os.setpriority(os.PRIO_PROCESS, own, max(os.getpriority(os.PRIO_PROCESS, own), below))


def behind(nice: int, call: Callable[[], T]) -> T:
    """What `call` gives, or raises, done by a thread of its own that stands back.

    A thread cannot come forward again without a right that a worker should not have, and those of a
    worker's pool answer customers next. Threads that it starts (a matrix product's) stand back too.
    """

    def work() -> T:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(1, "behind", stand_back, (nice,)) as pool:
        return pool.submit(work).result()
