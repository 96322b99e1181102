"""One thread that writes all replies of a process together; many threads ask and read.

No torch: the tensors are behind Runner, so the whole engine runs in tests with a scripted one.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from conversations.inference import scheduler as sched
from conversations.inference.backend import (
    BackendLoad,
    BackendUnavailable,
    FinishReason,
    GenerationRequest,
)
from conversations.inference.engine_stream import EngineStream
from conversations.inference.measures import faded
from conversations.inference.text import loops

logger = logging.getLogger("portal.inference")

#: Weight of the newest step in the running averages that predictions are made from.
_NEWEST = 0.2
#: Tokens a second and seconds a step, until they are measured.
PREFILL_RATE, STEP_SECONDS = 500.0, 0.05


class StepResult(Protocol):
    """The likeliest next token of each row: the plan's writing ones, then its completed chunks."""

    @property
    def best(self) -> Sequence[int]: ...

    def runner_up(self, row: int) -> int:
        """The second likeliest token of a row."""
        ...


class Runner(Protocol):
    """Computes steps. Called by the engine's thread only."""

    def prepare(self) -> None: ...

    def step(self, plan: sched.Plan) -> StepResult: ...

    def save(self, pages: Sequence[tuple[sched.Sequence, int, int]]) -> None:
        """Copy computed tokens (from sequence's slot, beginning at the index) to pages."""
        ...

    def release(self) -> None: ...


class Engine:
    """Runs the scheduler's steps until it is closed. A failing step ends it and all its streams."""

    def __init__(
        self,
        *,
        runner: Runner,
        scheduler: sched.Scheduler,
        decode: Callable[[Sequence[int]], str],
        end_tokens: frozenset[int],
        model: str,
    ) -> None:
        self.model = model
        self._runner = runner
        self._scheduler = scheduler
        self._decode = decode
        self._end_tokens = end_tokens
        self._streams: dict[sched.Sequence, EngineStream] = {}
        self._inbox: list[EngineStream | sched.Sequence] = []
        self._wake = threading.Condition()
        self._closing = False
        self._error: BackendUnavailable | None = None
        self._prefill_rate = PREFILL_RATE
        self._step_s = STEP_SECONDS
        self._stepped_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="inference-engine", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._error is None and not self._closing

    def start(self, request: GenerationRequest, prompt: Sequence[int]) -> EngineStream:
        """Queue a reply. Raises BackendUnavailable when the engine has ended."""
        room = self._scheduler.limits.context - len(prompt)
        if room < 1:
            raise ValueError(f"The prompt has {len(prompt)} tokens; {room - 1} too many.")
        sequence = sched.Sequence(
            prompt=prompt, max_tokens=min(request.max_tokens, room), arrived=time.monotonic()
        )
        stream = EngineStream(
            request, sequence, decode=self._decode, model=self.model, wake=self.wake
        )
        self._post(stream)
        return stream

    def warm(self, prompt: Sequence[int]) -> None:
        """Compute a beginning of prompts when there is nothing else to do."""
        usable = min(len(prompt), self._scheduler.limits.context - 1)
        self._post(
            sched.Sequence(
                prompt=prompt[:usable], max_tokens=0, arrived=time.monotonic(), warming=True
            )
        )

    def load(self) -> BackendLoad:
        backlog = self._scheduler.backlog
        # An engine that is passed over because it was slow takes no step that shows it is not.
        age = time.monotonic() - self._stepped_at
        step_s = faded(self._step_s, STEP_SECONDS, age)
        rate = faded(self._prefill_rate, PREFILL_RATE, age)
        return BackendLoad(
            active=self._scheduler.active,
            waiting=self._scheduler.waiting + len(self._inbox),
            slots=self._scheduler.limits.slots,
            predicted_first_token_s=backlog / rate + 2 * step_s,
        )

    def wake(self) -> None:
        """Something changed (a cancelled stream): look again."""
        with self._wake:
            self._wake.notify()

    def close(self) -> None:
        with self._wake:
            self._closing = True
            self._wake.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _post(self, entry: EngineStream | sched.Sequence) -> None:
        with self._wake:
            if self._error:
                raise self._error
            if self._closing:
                raise BackendUnavailable("The inference engine is closed.")
            self._inbox.append(entry)
            self._wake.notify()

    # --- the engine's thread

    def _run(self) -> None:
        try:
            self._runner.prepare()
            while self._collect():
                self._drop_ended(time.monotonic())
                plan = self._scheduler.plan(time.monotonic())
                if plan:
                    self._step(plan)
        except Exception as exc:
            logger.exception("inference engine stopped")
            self._error = BackendUnavailable(
                f"The inference engine stopped ({type(exc).__name__}: {exc}); restart the worker."
            )
        self._end_all()
        self._runner.release()

    def _collect(self) -> bool:
        """Take in new requests, waiting for one when idle; False when closing."""
        with self._wake:
            while not (self._inbox or self._closing or not self._scheduler.idle):
                self._wake.wait()
            inbox, self._inbox = self._inbox, []
        for entry in inbox:
            if isinstance(entry, EngineStream):
                self._streams[entry.sequence] = entry
                self._scheduler.add(entry.sequence)
            else:
                self._scheduler.add(entry)
        return not self._closing

    def _drop_ended(self, now: float) -> None:
        for stream in list(self._streams.values()):
            if stream.cancelled:
                self._end(stream, "cancelled")
            elif now >= stream.request.deadline:
                self._end(stream, "deadline")

    def _step(self, plan: sched.Plan) -> None:
        began = time.perf_counter()
        result = self._runner.step(plan)
        self._runner.save(self._scheduler.commit(plan))
        completed = [chunk.sequence for chunk in plan.chunks if chunk.completes]
        for row, sequence in enumerate((*plan.writing, *completed)):
            if sequence.warming:
                self._scheduler.remove(sequence)
            elif sequence in self._streams:
                self._take(sequence, result, row)
        self._measure(plan, time.perf_counter() - began)

    def _take(self, sequence: sched.Sequence, result: StepResult, row: int) -> None:
        stream, token = self._streams[sequence], result.best[row]
        if loops(sequence.output, token):
            token = result.runner_up(row)
        if token in self._end_tokens:
            self._end(stream, "stop")
            return
        sequence.output.append(token)
        if stream.push(token):
            self._end(stream, "stop")
        elif len(sequence.output) >= sequence.max_tokens:
            self._end(stream, "length")

    def _measure(self, plan: sched.Plan, seconds: float) -> None:
        prompt_tokens = sum(chunk.end - chunk.start for chunk in plan.chunks)
        if prompt_tokens:
            rate = prompt_tokens / seconds
            self._prefill_rate += _NEWEST * (rate - self._prefill_rate)
        self._step_s += _NEWEST * (seconds - self._step_s)
        self._stepped_at = time.monotonic()

    def _end(self, stream: EngineStream, reason: FinishReason) -> None:
        self._scheduler.remove(stream.sequence)
        self._streams.pop(stream.sequence, None)
        stream.finish(reason)

    def _end_all(self) -> None:
        with self._wake:
            self._closing = True
            left = [entry for entry in self._inbox if isinstance(entry, EngineStream)]
            self._inbox = []
        for stream in (*self._streams.values(), *left):
            if self._error:
                stream.fail(self._error)
            else:
                stream.finish("cancelled")
        self._streams.clear()
