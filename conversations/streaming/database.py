"""Database calls from the event loop: a few threads of their own, so one slow query stalls nobody.

Channels' default runs all queries of a process in one thread: ten queries of 200 ms took 2 s.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from channels.db import DatabaseSyncToAsync

T = TypeVar("T")

THREADS = 8
_executor = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="socket-db")


async def run_db(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run a synchronous function that uses the database, outside of the event loop."""
    call = DatabaseSyncToAsync(function, thread_sensitive=False, executor=_executor)
    result: T = await call(*args, **kwargs)
    return result
