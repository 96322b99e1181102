"""What a worker process does around its tasks: loads its model, says so, gives back at the end.

A worker that consumes a rung's queue is a model worker. It is ready before it takes work; when its
model cannot be loaded it says why, serves by quoting, and tries again.
"""

import threading
import time
from typing import Any

import redis
from celery import signals
from django.conf import settings

from conversations import assembly, dispatch
from conversations.inference.backend import BackendUnavailable, GenerationBackend
from conversations.inference.rungs import ORDER, TTL, RungReport
from conversations.services import liveness, turns
from conversations.services.broker_memory import BrokerMemory
from conversations.services.liveness import LivenessSession
from conversations.services.worker_loss import LivenessMonitor, WorkerLossService
from portal import limits
from portal.core.events import emit

RETRY_SECONDS = 60.0


class ModelHolder:
    """The model of this process: loaded once, announced while it lives."""

    def __init__(self) -> None:
        self.tier = ""
        self.worker = liveness.new_name()
        self.reason = ""
        self._backend: GenerationBackend | None = None
        self._tried_at = 0.0
        self._stopping = threading.Event()

    def backend(self) -> GenerationBackend | None:
        """The model when it can serve now; None: quote."""
        backend = self._backend
        return backend if backend is not None and backend.ready() else None

    def start(self, tier: str) -> None:
        """Load the model (this takes seconds), then announce it from a thread."""
        self.tier = tier
        self._load()
        threading.Thread(target=self._announce_for_ever, name="announcer", daemon=True).start()

    def _load(self) -> None:
        started = self._tried_at = time.monotonic()
        try:
            self._backend = assembly.build_backend(settings.CONFIG, self.tier)
        except BackendUnavailable as exc:
            self._backend, self.reason = None, exc.reason
            emit("model.failed", level=40, tier=self.tier, reason=exc.reason)
            return
        self.reason = ""
        seconds = round(time.monotonic() - started, 2)
        emit("model.loaded", tier=self.tier, model=self._backend.model, seconds=seconds)

    def _announce_for_ever(self) -> None:
        while not self._stopping.wait(TTL / 4):
            self.announce()
            lost = self._backend is None or not self._backend.ready()
            if lost and time.monotonic() - self._tried_at > RETRY_SECONDS:
                self._load()

    def announce(self) -> None:
        backend = self._backend
        report = RungReport(
            tier=self.tier,
            worker=self.worker,
            model=backend.model if backend else "",
            ready=backend is not None and backend.ready(),
            at=time.time(),
            reason=self.reason,
        )
        try:
            dispatch.rungs.announce(report)
        except redis.RedisError:
            return  # announced again in a moment; until then the rung counts as gone

    def stop(self) -> None:
        self._stopping.set()
        if not self.tier:
            return
        try:
            dispatch.rungs.withdraw(self.tier, self.worker)
        except redis.RedisError:
            return  # the announcement runs out by itself


holder = ModelHolder()
_monitors: list[LivenessMonitor] = []


def register(queue: str) -> None:
    """From now on this process is watched by the other workers, and watches them."""
    liveness.adopt_name(holder.worker)
    monitor = LivenessMonitor(
        LivenessSession(name=holder.worker, queue=queue),
        interval=limits.PRESENCE,
        losses=WorkerLossService(),
        broker_was_emptied=BrokerMemory().was_emptied,
    )
    monitor.start()
    _monitors.append(monitor)


@signals.celeryd_after_setup.connect
def load_model(sender: str, instance: Any, **_: object) -> None:
    queues = set(instance.app.amqp.queues.consume_from)
    register(",".join(sorted(queues)))
    assembly.use_backend(holder.backend)
    for tier in ORDER:
        if tier in queues:
            holder.start(tier)
    assembly.warm_up()


@signals.worker_ready.connect
def announce_model(**_: object) -> None:
    if holder.tier:
        holder.announce()


@signals.worker_shutting_down.connect
def withdraw(**_: object) -> None:
    holder.stop()


@signals.worker_shutdown.connect
def give_back(**_: object) -> None:
    """Whatever is still being answered goes back to the queue for another worker."""
    for lease in assembly.keeper.held():
        if turns.release(lease):
            dispatch.ring(lease.turn_id)
    while _monitors:
        _monitors.pop().stop()
