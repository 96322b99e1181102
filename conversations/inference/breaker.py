"""The circuit breaker of a rung: after several failures nothing is sent there for a while.

Pure: a state and what each event makes of it. `breaker_store` shares the state between workers.
Customers never try a rung that may be dead: when the pause is over, a worker that holds the rung
takes the one probe and sends a request of its own (half-open); its success closes the breaker.
"""

from dataclasses import dataclass, replace
from typing import Literal

Position = Literal["closed", "open", "half_open"]
#: What an operator may set by hand: the breaker stays there until it is set to "auto" again.
Held = Literal["auto", "open", "closed"]

#: So many failures within so many seconds open it.
FAILURES, WITHIN = 5, 30.0
#: The first pause, and the longest: each failed probe doubles it.
PAUSE, LONGEST_PAUSE = 10.0, 300.0
#: A probe whose worker died is given to another after this.
PROBE_SECONDS = 30.0


@dataclass(frozen=True)
class Breaker:
    """The state of one rung's breaker. Times are seconds since 1970; 0: never."""

    position: Position = "closed"
    held: Held = "auto"
    failures: tuple[float, ...] = ()
    changed_at: float = 0.0
    until: float = 0.0
    pause: float = PAUSE
    reason: str = ""

    @property
    def passes(self) -> bool:
        """Whether customers' turns are sent to the rung."""
        if self.held != "auto":
            return self.held == "closed"
        return self.position == "closed"

    def probe_due(self, now: float) -> bool:
        """Whether somebody should find out if the rung is back."""
        return self.held == "auto" and self.position != "closed" and now >= self.until


def failed(breaker: Breaker, now: float, reason: str) -> Breaker:
    """A request failed that the rung should have served."""
    if breaker.position == "half_open":
        return _opened(breaker, now, min(2 * breaker.pause, LONGEST_PAUSE), reason)
    recent = (*(at for at in breaker.failures if now - at < WITHIN), now)[-FAILURES:]
    if breaker.position == "closed" and len(recent) >= FAILURES:
        return _opened(breaker, now, PAUSE, reason)
    return replace(breaker, failures=recent, reason=reason)


def succeeded(breaker: Breaker, now: float) -> Breaker:
    """A request was served. A success that began before the breaker opened does not close it."""
    if breaker.position == "half_open":
        return Breaker(held=breaker.held, changed_at=now)
    if breaker.position == "closed" and breaker.failures:
        return replace(breaker, failures=(), reason="")
    return breaker


def probing(breaker: Breaker, now: float) -> Breaker | None:
    """The state once its one probe is taken; None when no probe is due."""
    if not breaker.probe_due(now):
        return None
    changed = now if breaker.position == "open" else breaker.changed_at
    return replace(breaker, position="half_open", changed_at=changed, until=now + PROBE_SECONDS)


def held(breaker: Breaker, now: float, to: Held) -> Breaker:
    """An operator's hand. Back on "auto" it begins closed: the operator knows why."""
    if to == "auto":
        return Breaker(changed_at=now)
    return replace(breaker, held=to, changed_at=now)


def _opened(breaker: Breaker, now: float, pause: float, reason: str) -> Breaker:
    return replace(
        breaker,
        position="open",
        failures=(),
        changed_at=now,
        until=now + pause,
        pause=pause,
        reason=reason,
    )
