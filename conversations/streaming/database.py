"""Database calls from the event loop: a few threads of their own, so one slow query stalls nobody.

Channels' default runs all queries of a process in one thread: ten queries of 200 ms took 2 s.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

from django.db import close_old_connections

T = TypeVar("T")

THREADS = 8
_executor = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="socket-db")


async def run_db(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run a synchronous function that uses the database, outside of the event loop.

    The function sees the caller's context variables (the language), and its connection goes back to
    the pool at its end. As asgiref's, without what it does for functions that call back.
    """
    call = partial(copy_context().run, _with_connection, function, args, kwargs)
    return await asyncio.get_running_loop().run_in_executor(_executor, call)


def _with_connection(
    function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> T:
    close_old_connections()
    try:
        return function(*args, **kwargs)
    finally:
        close_old_connections()
