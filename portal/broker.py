"""A mend for the Redis transport of kombu: a worker survives a restart of its broker.

On a lost connection kombu hands unfinished messages back to the queue, for which it needs the
connection that it has just dropped, and the whole worker ends with an AttributeError (seen with
kombu 5.6). Nothing is lost by leaving it: wake-ups are rung again from the database.
"""

import logging
from typing import Any

from kombu.transport import redis as transport

log = logging.getLogger("portal.broker")


class SteadyQoS(transport.QoS):
    """kombu's, which never fails while a connection is being dropped."""

    def restore_unacked_once(self, stderr: Any = None) -> None:
        try:
            super().restore_unacked_once(stderr)
        except Exception as error:  # noqa: BLE001 (whatever the broken connection raises)
            log.warning("unfinished messages were not handed back (%s)", type(error).__name__)


def mend() -> None:
    transport.Channel.QoS = SteadyQoS
