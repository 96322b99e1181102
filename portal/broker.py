"""Mends for kombu: a worker survives a restart of its broker, is back soon after, and is thrifty.

1. On a lost Redis kombu hands unfinished messages back to the queue, and a task that ends later
   acknowledges its message; both need the connection that was dropped, and the whole worker ends
   with an AttributeError (seen with kombu 5.7). Nothing is lost by leaving them: wake-ups are rung
   again from the database, and one that comes twice finds its turn taken.
2. Celery waits 2, 4, 6 … seconds between attempts to reach its broker, and has no setting for it.
3. kombu builds a new client for each command that it sends to Redis: a seventh of what a worker
   computed for a turn (docs/performance/load.md). One a channel and pool is enough: a client over a
   pool is safe to share, and a dropped connection comes with a new pool.
"""

import logging
from typing import Any

from celery.app.amqp import AMQP
from kombu import Connection
from kombu.transport import redis as transport

log = logging.getLogger("portal.broker")


class SteadyQoS(transport.QoS):
    """kombu's, which never fails while a connection is being dropped."""

    def restore_unacked_once(self, stderr: Any = None) -> None:
        try:
            super().restore_unacked_once(stderr)
        except Exception as error:  # noqa: BLE001 (whatever the broken connection raises)
            log.warning("unfinished messages were not handed back (%s)", type(error).__name__)

    def ack(self, delivery_tag: str) -> None:
        if self._has_connection():
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if self._has_connection():
            super().reject(delivery_tag, requeue=requeue)

    def _has_connection(self) -> bool:
        """Whether the channel that brought the messages is still open."""
        return self.channel.connection is not None


class SoonConnection(Connection):
    """kombu's, which tries again after fractions of a second, and every five at most."""

    def ensure_connection(self, *args: Any, **options: Any) -> Any:
        return super().ensure_connection(
            *args, **{"interval_start": 0.2, "interval_step": 0.4, "interval_max": 5, **options}
        )


class SteadyAMQP(AMQP):
    Connection = SoonConnection


class ThriftyChannel(transport.Channel):
    """kombu's, with one client for all its commands."""

    _own_client: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:  # a client of its own for each blocking read
            return super()._create_client(asynchronous=True)
        if self._own_client is None or self._own_client.connection_pool is not self.pool:
            self._own_client = super()._create_client()
        return self._own_client


def mend() -> None:
    """Before the first channel is opened."""
    transport.Channel.QoS = SteadyQoS
    transport.Transport.Channel = ThriftyChannel
