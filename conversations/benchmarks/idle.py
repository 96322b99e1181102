"""Idle sockets: how many the portal holds at once, and what memory each takes."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from conversations.benchmarks.client import Customer
from conversations.benchmarks.processes import listener

#: Sockets that are opened at the same time: a crowd, not a stampede.
AT_ONCE = 20


async def hold(
    url: str, count: int, *, seconds: float, progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """Open `count` sockets, keep them for a while, and say what the web process grew by.

    The memory is the resident set of the process that listens on the address's port, where that is
    on this machine. Raises PortalUnreachable.
    """
    process = listener(url)
    before = process.memory_info().rss if process else 0
    customers = [Customer(url) for _ in range(count)]
    gate, opened = asyncio.Semaphore(AT_ONCE), 0
    began = time.perf_counter()

    async def open_one(customer: Customer) -> bool:
        nonlocal opened
        async with gate:
            try:
                await customer.open()
            except OSError:
                return False
        opened += 1
        progress(opened, round(time.perf_counter() - began))
        return True

    held = await asyncio.gather(*(open_one(customer) for customer in customers))
    opening = time.perf_counter() - began
    await asyncio.sleep(seconds)
    alive = sum(customer.alive for customer in customers)
    after = process.memory_info().rss if process else 0
    await asyncio.gather(*(customer.close() for customer in customers), return_exceptions=True)
    grown = max(0, after - before)
    return {
        "idle_sockets": count,
        "opened": sum(held),
        "alive_after_s": round(seconds),
        "alive": alive,
        "opening_s": round(opening, 1),
        "web_process_mb": {"before": round(before / 1e6, 1), "after": round(after / 1e6, 1)},
        "memory_per_socket_kb": round(grown / max(1, alive) / 1000, 1) if process else None,
    }
