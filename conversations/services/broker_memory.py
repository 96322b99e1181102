"""Notices that a Redis broker lost its memory, and with it the wake-ups that lay there.

A mark in the broker's own database: when it is gone, so is everything else. Exactly one of many
watchers finds that out. Another kind of broker keeps its queues by itself.
"""

import secrets
from typing import Any

import redis
from kombu.exceptions import OperationalError

from portal.celery import app

MARK = "portal:broker:mark"


class BrokerMemory:
    def __init__(self) -> None:
        self._connection: Any = None

    def was_emptied(self) -> bool:
        """Whether the mark was gone. False while the broker is away."""
        try:
            client = self._client()
            if client is None or client.get(MARK) is not None:
                return False
            return bool(client.set(MARK, secrets.token_hex(8), nx=True))
        except (redis.RedisError, OperationalError, OSError):
            self._drop()
            return False

    def _client(self) -> Any:
        if self._connection is None:
            self._connection = app.connection_for_write(connect_timeout=2)
        if self._connection.transport.driver_type != "redis":
            return None
        return self._connection.default_channel.client

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.release()
