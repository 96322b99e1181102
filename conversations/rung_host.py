"""The rungs that one worker process serves: loaded, announced, looked after, given back.

One thread says every second what each rung can do, tries again what could not be loaded, and sends
the probe of an open breaker: a request of its own, so that no customer finds out for us.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis

from conversations import assembly, dispatch
from conversations.inference.backend import (
    BackendUnavailable,
    ChatMessage,
    GenerationBackend,
    GenerationRequest,
)
from conversations.inference.ladder import SMALL_RUNGS, SMALL_STREAMS
from conversations.inference.remote_backend import RemoteBackend
from conversations.inference.rungs import RungReport
from portal.celery import app
from portal.core.events import emit

ANNOUNCE_SECONDS = 1.0
RETRY_SECONDS = 60.0
PROBE_SECONDS = 15.0
log = logging.getLogger("portal.ladder")


@dataclass
class Rung:
    """One rung of this process. `load` builds its backend, or raises BackendUnavailable."""

    name: str
    load: Callable[[], GenerationBackend]
    backend: GenerationBackend | None = None
    reason: str = ""
    tried_at: float = 0.0
    since: float = 0.0

    @property
    def ready(self) -> bool:
        return self.backend is not None and self.backend.ready()

    def get_ready(self) -> None:
        """Load the backend; the reason why it is not there is kept for operators."""
        started = self.tried_at = time.monotonic()
        try:
            self.backend, self.reason = self.load(), ""
        except BackendUnavailable as exc:
            self.backend, self.reason = None, exc.reason
            emit("model.failed", level=logging.ERROR, tier=self.name, reason=exc.reason)
        else:
            seconds = round(time.monotonic() - started, 2)
            emit("model.loaded", tier=self.name, model=self.backend.model, seconds=seconds)
        self.since = time.time()

    def look_after(self) -> None:
        """Ask a remote server whether it is there; load again what is lost, now and then."""
        if isinstance(self.backend, RemoteBackend):
            was = self.ready
            self.backend.check()
            self.reason = self.backend.reason
            if was != self.ready:
                self.since = time.time()
        elif not self.ready and time.monotonic() - self.tried_at > RETRY_SECONDS:
            self.get_ready()

    def probe(self) -> None:
        """Where the breaker waits for it, find out whether the rung writes again."""
        if self.backend is None or not dispatch.breakers.take_probe(self.name):
            return
        request = GenerationRequest(
            request_id="probe",
            messages=(ChatMessage("user", "Say yes."),),
            max_tokens=4,
            deadline=time.monotonic() + PROBE_SECONDS,
        )
        try:
            stream = self.backend.start(request)
            said = "".join(stream)
            if not said.strip() or stream.stats.finish_reason == "deadline":
                raise BackendUnavailable("The probe got no text.")
        except (BackendUnavailable, ValueError) as exc:
            dispatch.breakers.failed(self.name, str(exc))
        else:
            dispatch.breakers.succeeded(self.name)

    def report(self, worker: str, threads: int, waiting: int) -> RungReport:
        load = self.backend.load() if self.backend is not None else None
        slots = load.slots if load else 0
        return RungReport(
            tier=self.name,
            worker=worker,
            model=self.backend.model if self.backend else "",
            ready=self.ready,
            at=time.time(),
            reason=self.reason,
            slots=min(slots, SMALL_STREAMS) if self.name in SMALL_RUNGS else slots,
            active=load.active if load else 0,
            waiting=waiting,
            threads=threads,
            busy=assembly.answering(),
            predicted_s=load.predicted_first_token_s if load else 0.0,
            placement=getattr(self.backend, "placement", ""),
            since=self.since,
        )


class RungHost:
    """All rungs of this worker, best first."""

    def __init__(self, worker: str) -> None:
        self.worker, self.threads = worker, 0
        self.rungs: list[Rung] = []
        self._stopping = threading.Event()
        self._serving = False

    def backends(self) -> list[GenerationBackend]:
        return [rung.backend for rung in self.rungs if rung.backend is not None]

    def start(self, rungs: list[Rung], *, threads: int) -> None:
        """Load them (a model takes seconds). Nobody hears of them before `serve`."""
        self.rungs, self.threads = rungs, threads
        for rung in rungs:
            rung.get_ready()

    def serve(self) -> None:
        """The worker takes turns from now on: announce the rungs and look after them. Said any
        earlier, turns would wait in a queue that nobody reads yet."""
        self.announce()
        if self.rungs and not self._serving:
            self._serving = True
            threading.Thread(target=self._run, name="announcer", daemon=True).start()

    def _run(self) -> None:
        while not self._stopping.wait(ANNOUNCE_SECONDS):
            try:
                for rung in self.rungs:
                    rung.look_after()
                    if dispatch.breakers.get(rung.name).probe_due(time.time()):
                        threading.Thread(target=rung.probe, name="probe", daemon=True).start()
                self.announce()
            except Exception:  # the announcer outlives whatever it meets
                log.exception("a look after the rungs failed")

    def announce(self) -> None:
        for rung in self.rungs:
            report = rung.report(self.worker, self.threads, waiting_in(rung.name))
            try:
                dispatch.rungs.announce(report)
            except redis.RedisError:
                return  # announced again in a moment; until then the rung counts as gone

    def stop(self) -> None:
        self._stopping.set()
        for rung in self.rungs:
            try:
                dispatch.rungs.withdraw(rung.name, self.worker)
            except redis.RedisError:
                return  # the announcements run out by themselves


def waiting_in(queue: str) -> int:
    """Wake-ups that lie in a queue and that nobody has taken; 0 where the broker does not say."""
    try:
        with app.pool.acquire(block=True, timeout=1) as connection:
            return int(connection.default_channel.queue_declare(queue, passive=True).message_count)
    except (*app.pool.connection.connection_errors, *app.pool.connection.channel_errors):
        return 0  # away, or the queue has never been written to
