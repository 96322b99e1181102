"""The ladder: which rung writes a turn's answer, and what is written down of the way there.

gpu, other servers by configuration, cpu, then quoting, then a person. A worker has some of the
rungs; a Descent is one turn's way down in it. Pure but for what is passed in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from conversations.inference.backend import (
    BackendBusy,
    BackendUnavailable,
    GenerationBackend,
    RequestRefused,
)
from conversations.inference.breaker import Breaker
from conversations.inference.rungs import RungReport

Did = Literal["routed", "passed_over", "wrote", "refused", "lost", "handed_on", "quoted"]

#: Rungs whose model is too small for whole articles, and how many replies they write at once:
#: more take the cores from the search.
SMALL_RUNGS = frozenset({"cpu"})
SMALL_STREAMS = 2
#: What a turn loses on its way to another worker: claimed, searched and decided once more.
HAND_ON_SECONDS = 0.12
#: Once text is shown the promise is kept; the next words may take this long to come.
NEXT_WORDS_SECONDS = 2.0


class BreakerBook(Protocol):
    def get(self, rung: str) -> Breaker: ...
    def failed(self, rung: str, reason: str) -> Breaker: ...
    def succeeded(self, rung: str) -> Breaker: ...


class NoBreakers:
    """Every rung is always tried: for tests and single questions."""

    def get(self, rung: str) -> Breaker:
        return Breaker()

    def failed(self, rung: str, reason: str) -> Breaker:
        return Breaker()

    def succeeded(self, rung: str) -> Breaker:
        return Breaker()


@dataclass(frozen=True)
class Step:
    """What was done with a turn at one rung, and why. Goes into the turn's record."""

    rung: str
    did: Did
    why: str = ""
    predicted_ms: int | None = None
    allowed_ms: int | None = None

    def as_json(self) -> dict[str, Any]:
        known = {"rung": self.rung, "did": self.did, "why": self.why}
        times = {"predicted_ms": self.predicted_ms, "allowed_ms": self.allowed_ms}
        return {name: value for name, value in (known | times).items() if value not in (None, "")}


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """The rungs of this process, and what is known of the others.

    A rung is passed over when its predicted first text is later than `budget` seconds, or than what
    is left of the `promise` since the turn's acceptance. A promise that is broken already does
    not get better further down, so then only the budget counts.
    """

    backends: Callable[[], Sequence[GenerationBackend]]
    breakers: BreakerBook = field(default_factory=NoBreakers)
    elsewhere: Callable[[], Sequence[RungReport]] = tuple
    order: tuple[str, ...] = ()
    budget: float = 60.0
    promise: float = 60.0

    @classmethod
    def of(cls, backend: Callable[[], GenerationBackend | None]) -> "Ladder":
        """A ladder with one rung, which may be missing at times."""
        return cls(backends=lambda: [found] if (found := backend()) is not None else [])

    def descent(
        self,
        *,
        tried: Sequence[str] = (),
        steps: Sequence[dict[str, Any]] = (),
        elapsed: float = 0.0,
        may_hand_on: bool = False,
    ) -> "Descent":
        """A turn's way down from here. `tried` rungs are not tried again."""
        return Descent(self, list(tried), list(steps), elapsed, may_hand_on)

    def allowed(self, elapsed: float) -> float:
        return min(self.budget, self.promise - elapsed) if elapsed < self.promise else self.budget


class Descent:
    """One turn's way down the ladder of this process."""

    def __init__(
        self,
        ladder: Ladder,
        tried: list[str],
        steps: list[dict[str, Any]],
        elapsed: float,
        may_hand_on: bool,
    ) -> None:
        self.tried = tried
        self.steps = steps
        self._ladder, self._may_hand_on = ladder, may_hand_on
        self._allowed = ladder.allowed(elapsed)
        self._mine: tuple[str, ...] = ()

    def peek(self) -> str:
        """The rung that would write a beginning answer now; empty: none, it would be quoted."""
        for backend in self._untried():
            if not self._objection(backend, shown=False).why:
                return backend.name
        return ""

    def next(self, *, shown: bool) -> GenerationBackend | None:
        """The best rung that may write now; None: none of this process. `shown`: text was."""
        for backend in self._untried():
            self.tried.append(backend.name)
            objection = self._objection(backend, shown=shown)
            if not objection.why:
                return backend
            self._note(objection)
        return None

    def wrote(self, backend: GenerationBackend, *, refused: str = "") -> None:
        """The rung did its part, also where its words were not good enough to be shown."""
        self._ladder.breakers.succeeded(backend.name)
        self._note(Step(backend.name, "refused" if refused else "wrote", refused))

    def lost(self, backend: GenerationBackend, error: Exception) -> None:
        """The rung failed, before or in the middle of its text."""
        fault = isinstance(error, BackendUnavailable) and not isinstance(
            error, BackendBusy | RequestRefused
        )
        if fault:
            self._ladder.breakers.failed(backend.name, str(error))
        why = str(error) if isinstance(error, BackendUnavailable) else type(error).__name__
        self._note(Step(backend.name, "lost", why))

    def hand_on(self, *, shown: bool) -> str:
        """A lower rung of another worker that takes the turn now; empty: quote it here.

        Before the first text only where that keeps the promise, afterwards where its next words
        come soon.
        """
        if not self._may_hand_on or not self._mine:
            return ""
        lowest = max((self._place(name) for name in self._mine), default=0)
        allowed = NEXT_WORDS_SECONDS if shown else self._allowed - HAND_ON_SECONDS
        for report in self._ladder.elsewhere():
            lower = self._place(report.tier) > lowest and report.tier not in self.tried
            free = not (report.full or report.behind) and report.predicted_s <= allowed
            if lower and free and self._ladder.breakers.get(report.tier).passes:
                self._note(Step(report.tier, "handed_on"))
                return report.tier
        return ""

    def quoted(self) -> None:
        self._note(Step("extractive", "quoted"))

    def _untried(self) -> list[GenerationBackend]:
        backends = list(self._ladder.backends())
        self._mine = tuple(backend.name for backend in backends)
        return [backend for backend in backends if backend.name not in self.tried]

    def _objection(self, backend: GenerationBackend, *, shown: bool) -> Step:
        """Why the rung may not write now, as a step; its `why` is empty where it may."""
        name, load = backend.name, backend.load()
        allowed = NEXT_WORDS_SECONDS if shown else self._allowed
        predicted_ms, allowed_ms = round(load.predicted_first_token_s * 1000), round(allowed * 1000)
        most = min(SMALL_STREAMS, load.slots) if name in SMALL_RUNGS else load.slots
        why = ""
        if not self._ladder.breakers.get(name).passes:
            why = "breaker open"
        elif not backend.ready():
            why = "not ready"
        elif shown and not getattr(backend, "continues", True):
            why = "cannot go on from a text"
        elif load.active >= most:
            why = "busy"
        elif load.predicted_first_token_s > allowed:
            why = "late"
        return Step(name, "passed_over", why, predicted_ms, allowed_ms)

    def _place(self, rung: str) -> int:
        order = self._ladder.order
        return order.index(rung) if rung in order else len(order)

    def _note(self, step: Step) -> None:
        self.steps.append(step.as_json())
