"""What is done when a worker is lost, or when the wake-ups are: its turns go on elsewhere.

Everything here is a conditional UPDATE or a repeated wake-up, so doing it twice, or for a worker
that lives after all, costs a little work and never a second answer.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import psycopg
from django.db import DatabaseError, connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from conversations import dispatch
from conversations.models import Turn
from conversations.services.liveness import LivenessSession, Missing
from portal.core.events import emit
from portal.core.service import BaseService

log = logging.getLogger("portal.liveness")

#: Web processes believe an announcement a moment longer: look at the queue once more after it.
AGAIN_SECONDS = 1.5
MOST = 500
#: Each of so many workers looks after as many times this: some twenty looks a second in all.
SHARE_SECONDS = 0.05


class WorkerLossService(BaseService):
    name = "worker_loss"

    def lost(self, missing: Missing) -> int:
        """Send waiting turns elsewhere. Returns how many were rung."""
        with self.operation("lost", worker=missing.name, dead=missing.dead):
            emit("worker.lost", level=logging.WARNING, worker=missing.name, dead=missing.dead)
            dispatch.rungs.forget_worker(missing.name)
            return self.ring_queued()

    def free(self, worker: str) -> int:
        """End the leases of a dead worker now, and wake others for its turns.

        The epoch rises with it: should the worker live after all, it is fenced from here on. A turn
        keeps its count of attempts, so that one which kills its workers is given up.
        """
        count = 0
        mine = Turn.objects.filter(state=Turn.State.RUNNING, worker=worker)
        for turn_id, epoch, tried in list(mine.values_list("pk", "epoch", "tiers_tried")[:MOST]):
            freed = mine.filter(pk=turn_id, epoch=epoch).update(
                epoch=F("epoch") + 1, lease_owner=uuid4(), lease_until=Now(), rung_at=Now()
            )
            if freed == 1:
                dispatch.ring(turn_id, tried=tried)
                emit("turn.swept", turn=str(turn_id))
                count += 1
        return count

    def ring_queued(self) -> int:
        """Wake somebody for each waiting turn: its wake-up may lie where nobody reads."""
        now = timezone.now()
        waiting = Turn.objects.filter(
            state=Turn.State.QUEUED, rung_at__lt=now - timedelta(seconds=0.2)
        )
        rows: list[tuple[UUID, datetime]] = list(waiting.values_list("pk", "rung_at")[:MOST])
        count = 0
        for turn_id, rung_at in rows:
            if waiting.filter(pk=turn_id, rung_at=rung_at).update(rung_at=now) == 1:
                dispatch.ring(turn_id)
                count += 1
        return count


class LivenessMonitor:
    """One thread of a worker process: says that it lives and looks after the others.

    Every worker watches all others, so a loss is noticed while one worker is left; a worker that
    starts looks at once.
    """

    def __init__(
        self,
        session: LivenessSession,
        *,
        interval: float,
        losses: WorkerLossService,
        broker_was_emptied: Callable[[], bool] = lambda: False,
    ) -> None:
        self._session, self._interval, self._losses = session, interval, losses
        self._broker_was_emptied = broker_was_emptied
        self._ring_at: list[float] = []
        self._look_at = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="liveness", daemon=True)

    def start(self) -> None:
        """Register at once, so that the first claim carries a name that is watched."""
        self.tick()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=3)
        self._session.end()

    def _run(self) -> None:
        while not self._stopping.wait(self._interval):
            self.tick()

    def tick(self) -> None:
        """One look. The database may be away: then there is nothing to be said or seen."""
        try:
            if self._session.beat():
                self._ring_soon()  # it was away, or we are new: wake-ups may have been spent
            if time.monotonic() >= self._look_at:
                self._look_around()
            if self._broker_was_emptied():
                self._ring_soon()
            self._ring_due()
        except (psycopg.Error, DatabaseError) as exc:
            log.warning("liveness: the database is away (%s)", type(exc).__name__)
        except Exception:
            log.exception("liveness: a look failed")
        finally:
            connection.close()

    def _look_around(self) -> None:
        """Many workers share the looking: together they look at least as often as one would."""
        among = self._session.count()
        pause = max(self._interval, SHARE_SECONDS * among) * random.uniform(0.8, 1.0)
        self._look_at = time.monotonic() + (pause if among > 1 else 0.0)
        for missing in self._session.missing():
            if missing.dead:  # before the claim: should it fail on the way, it is done again
                self._losses.free(missing.name)
            if self._session.claim_missing(missing):
                self._ring_soon()
                self._losses.lost(missing)

    def _ring_soon(self) -> None:
        now = time.monotonic()
        self._ring_at = [now, now + AGAIN_SECONDS]

    def _ring_due(self) -> None:
        now = time.monotonic()
        if any(at <= now for at in self._ring_at):
            self._losses.ring_queued()
            self._ring_at = [at for at in self._ring_at if at > now]
