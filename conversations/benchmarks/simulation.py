"""A discrete-event simulation of the ladder's busiest rung: how waits and cost grow with customers.

Customers ask, read and think, ask again. A question takes a slot of the workers for as long as a
measured turn did, or waits for one in order; where the wait would break the promise it is quoted
instead, as admission does. Workers come and go by a rule like KEDA's, with a start-up time. Pure,
and the same seed gives the same run.
"""

import heapq
import itertools
import math
import random
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from conversations.inference.measures import nearest_rank

Law = Literal["people", "exponential"]


@dataclass(frozen=True)
class Service:
    """Measured turns: seconds from the start of its work to the first text, and to its end."""

    samples: tuple[tuple[float, float], ...]
    law: Law = "people"

    @property
    def mean_first(self) -> float:
        return statistics.fmean(first for first, _ in self.samples)

    @property
    def mean_total(self) -> float:
        return statistics.fmean(total for _, total in self.samples)

    def draw(self, dice: random.Random) -> tuple[float, float]:
        """One of the turns; by the exponential law, of their mean length."""
        if self.law == "exponential":
            return 0.0, dice.expovariate(1 / self.mean_total)
        return dice.choice(self.samples)


@dataclass(frozen=True, kw_only=True)
class World:
    """What does not change in a run. `around` is spent outside of the workers, `quote` instead of
    them. Without a `promise` everybody waits."""

    service: Service
    slots: int
    think: float = 20.0
    think_law: Law = "people"
    around: float = 0.0
    quote: float = 0.02
    promise: float | None = None


@dataclass(frozen=True)
class Phase:
    """So many conversations for so long."""

    seconds: float
    conversations: int


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Scaling as KEDA does: every `poll` seconds, as many workers as keep each at `target` of its
    slots; up at once, down when `cooldown` seconds asked for fewer. A new worker needs `start`."""

    target: float = 0.7
    poll: float = 15.0
    cooldown: float = 300.0
    start: float = 60.0
    least: int = 1
    most: int = 1_000


@dataclass
class Result:
    """What customers saw, per question (asked at, first text after), and what ran."""

    first: list[tuple[float, float]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)
    workers: list[tuple[float, int]] = field(default_factory=list)
    worker_seconds: float = 0.0
    seconds: float = 0.0

    def percentile(self, share: int, *, since: float = 0.0, until: float = math.inf) -> float:
        """Seconds to the first text that `share` percent of a stretch did not exceed; NaN if
        nobody asked."""
        found = nearest_rank([s for at, s in self.first if since <= at < until], share)
        return math.nan if found is None else found

    def moved_share(self, *, since: float = 0.0, until: float = math.inf) -> float:
        asked = sum(since <= at < until for at, _ in self.first)
        return sum(since <= at < until for at in self.moved) / asked if asked else 0.0

    @property
    def most_workers(self) -> int:
        return max((count for _, count in self.workers), default=0)


def simulate(
    world: World,
    phases: Sequence[Phase],
    *,
    workers: int = 1,
    rule: Rule | None = None,
    seed: int = 1,
) -> Result:
    """Run the phases one after the other, with a fixed number of workers or by a rule."""
    return _Run(world, phases, workers, rule, seed).run()


class _Run:
    """One simulation. Events are (time, order, what, who)."""

    def __init__(
        self, world: World, phases: Sequence[Phase], workers: int, rule: Rule | None, seed: int
    ) -> None:
        self.world, self.rule = world, rule
        self.dice = random.Random(seed)
        self.now = 0.0
        self.ready = self.paid = max(workers, rule.least if rule else 1)
        self.busy = 0
        self.queue: deque[tuple[float, int, float, float]] = deque()
        self.events: list[tuple[float, int, str, int]] = []
        self.order = itertools.count()
        self.customers = 0
        self.end = sum(phase.seconds for phase in phases)
        self.wanted_since: deque[tuple[float, int]] = deque()
        self.result = Result(seconds=self.end)
        at = 0.0
        for phase in phases:
            self._at(at, "phase", phase.conversations)
            at += phase.seconds
        if rule:
            self._at(rule.poll, "poll", 0)

    def run(self) -> Result:
        steps = {
            "phase": self._phase, "ask": self._ask, "free": self._free, "poll": self._poll,
            "ready": self._worker_ready,
        }  # fmt: skip
        self.result.workers.append((0.0, self.paid))
        while self.events and self.events[0][0] <= self.end:
            at, _, what, who = heapq.heappop(self.events)
            self.result.worker_seconds += self.paid * (at - self.now)
            self.now = at
            steps[what](who)
        self.result.worker_seconds += self.paid * (self.end - self.now)
        return self.result

    def _at(self, at: float, what: str, who: int) -> None:
        heapq.heappush(self.events, (at, next(self.order), what, who))

    def _phase(self, conversations: int) -> None:
        for customer in range(self.customers, conversations):
            people = self.world.think_law == "people"
            first = self.dice.uniform(0, self.world.think) if people else self._think()
            self._at(self.now + first, "ask", customer)
        self.customers = conversations  # who is beyond that does not ask again

    def _think(self) -> float:
        if self.world.think_law == "exponential":
            return self.dice.expovariate(1 / self.world.think)
        return self.world.think * self.dice.uniform(0.5, 1.5)

    def _ask(self, customer: int) -> None:
        if customer >= self.customers:
            return
        first, total = self.world.service.draw(self.dice)
        if self._too_late():
            self.result.moved.append(self.now)
            self.result.first.append((self.now, self.world.around + self.world.quote))
            self._at(
                self.now + self.world.around + self.world.quote + self._think(), "ask", customer
            )
            return
        self.queue.append((self.now, customer, first, total))
        self._serve()

    def _too_late(self) -> bool:
        """Whether waiting for a slot would break the promise."""
        if self.world.promise is None:
            return False
        slots = self.ready * self.world.slots
        before = max(0, self.busy + len(self.queue) - slots + 1)
        wait = before * self.world.service.mean_total / slots
        return self.world.around + wait + self.world.service.mean_first > self.world.promise

    def _serve(self) -> None:
        while self.queue and self.busy < self.ready * self.world.slots:
            asked_at, customer, first, total = self.queue.popleft()
            wait = self.now - asked_at
            self.busy += 1
            self.result.waits.append(wait)
            self.result.first.append((asked_at, self.world.around + wait + first))
            self._at(self.now + total, "free", customer)

    def _free(self, customer: int) -> None:
        self.busy -= 1
        self._at(self.now + self._think(), "ask", customer)
        self._serve()

    def _poll(self, _: int) -> None:
        rule = self.rule
        assert rule is not None
        load = self.busy + len(self.queue) + self._moved_lately(rule.poll)
        wanted = math.ceil(load / (rule.target * self.world.slots))
        wanted = min(rule.most, max(rule.least, wanted))
        self.wanted_since.append((self.now, wanted))
        while self.wanted_since and self.wanted_since[0][0] < self.now - rule.cooldown:
            self.wanted_since.popleft()
        if wanted > self.paid:
            for _new in range(wanted - self.paid):
                self._at(self.now + rule.start, "ready", 0)
            self._pay(wanted)
        elif (needed := max(count for _, count in self.wanted_since)) < self.paid:
            self.ready = min(self.ready, needed)  # the rest drains: what is written is finished
            self._pay(needed)
        self._at(self.now + rule.poll, "poll", 0)

    def _moved_lately(self, seconds: float) -> int:
        """Questions that went without a slot count too, or a full rung would never grow: as many
        as would be in work at a time."""
        since = self.now - seconds
        moved = sum(
            1 for _ in itertools.takewhile(lambda at: at > since, reversed(self.result.moved))
        )
        return math.ceil(moved / seconds * self.world.service.mean_total)

    def _worker_ready(self, _: int) -> None:
        self.ready = min(self.ready + 1, self.paid)
        self._serve()

    def _pay(self, workers: int) -> None:
        self.paid = workers
        self.result.workers.append((self.now, workers))
