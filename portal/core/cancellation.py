"""Cancellation that is not forgotten."""

import asyncio


def obey_cancellation() -> None:
    """Raise CancelledError where this task was cancelled and somebody on the way took that for an
    error of his own (redis-py's timeouts do). A loop without end calls it at each turn; else it
    goes on for ever, and so does the process that ends with it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
