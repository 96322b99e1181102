"""LeaseKeeper: keeps the leases of one worker process alive, and hears who lost or must stop.

One thread and one query a beat for all turns of the process, however many run.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from django.db import DatabaseError, connection

from conversations.services import turns
from conversations.services.turns import Lease
from portal.core.events import emit

log = logging.getLogger("portal.keeper")


@dataclass
class HeldLease:
    """A lease and what is heard of it. Read by the answering thread, set by the keeper."""

    lease: Lease
    lost: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)


class LeaseKeeper:
    def __init__(self, *, interval: float) -> None:
        self._interval = interval
        self._held: dict[UUID, HeldLease] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()

    @contextmanager
    def hold(self, lease: Lease) -> Iterator[HeldLease]:
        """Keep a lease alive for the length of the block."""
        held = HeldLease(lease)
        with self._lock:
            self._held[lease.owner] = held
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="lease-keeper", daemon=True)
                self._thread.start()
        try:
            yield held
        finally:
            with self._lock:
                self._held.pop(lease.owner, None)

    def held(self) -> list[Lease]:
        """The leases held now; what a worker that ends must give back."""
        with self._lock:
            return [held.lease for held in self._held.values()]

    def _run(self) -> None:
        idle = 0
        while idle < 12:  # the thread ends after a minute without work, and starts again with work
            self._wake.wait(self._interval)
            with self._lock:
                current = dict(self._held)
            idle = 0 if current else idle + 1
            if current:
                self._beat(current)
        connection.close()

    def _beat(self, current: dict[UUID, HeldLease]) -> None:
        try:
            alive = turns.renew(list(current))
        except DatabaseError as exc:
            log.warning("leases could not be renewed: %s", type(exc).__name__)
            return
        finally:
            connection.close()
        for owner, held in current.items():
            if owner not in alive:
                if not held.lost.is_set():
                    emit("turn.fenced", turn=str(held.lease.turn_id), epoch=held.lease.epoch)
                held.lost.set()
            elif alive[owner]:
                held.stop.set()
