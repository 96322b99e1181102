"""What the simulation is asked: how many workers for how many customers, and does a rule hold."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from conversations.benchmarks.simulation import Phase, Result, Rule, Service, World, simulate
from conversations.models import Turn

#: A stretch before anything counts, and the stretch that counts, in thinking times.
WARM_UP, COUNTED = 2.0, 4.0
#: Of the questions so many may go down the ladder before workers are added.
MOST_MOVED = 0.05


class NoMeasurements(Exception):
    """There is nothing to begin from: run `manage.py loadtest --json FILE` first, or ask some
    questions."""


@dataclass(frozen=True)
class Needed:
    """So many workers for so many conversations, and what their customers see (seconds)."""

    conversations: int
    workers: int
    p50: float
    p95: float
    moved: float
    asked_per_second: float

    def as_json(self, price: float | None) -> dict[str, Any]:
        hourly = None if price is None else price * self.workers
        per_thousand = None if hourly is None else hourly / (self.asked_per_second * 3.6)
        return {
            "conversations": self.conversations,
            "workers": self.workers,
            "first_token_ms": {"p50": round(self.p50 * 1000), "p95": round(self.p95 * 1000)},
            "moved_down": round(self.moved, 4),
            "questions_per_second": round(self.asked_per_second, 1),
            "cost_per_hour": None if hourly is None else round(hourly, 2),
            "cost_per_1000_questions": None if per_thousand is None else round(per_thousand, 3),
        }


def measured_turns(tier: str, *, most: int = 2_000) -> Service:
    """Service times of a rung's newest turns, from the record. Raises NoMeasurements."""
    turns = Turn.objects.filter(
        tier=tier, claimed_at__isnull=False, first_token_at__isnull=False, done_at__isnull=False
    ).order_by("-accepted_at")
    rows = turns.values_list("claimed_at", "first_token_at", "done_at")[:most]
    zero = timedelta()
    samples = tuple(
        ((first - claimed).total_seconds(), (done - claimed).total_seconds())
        for claimed, first, done in rows
        if claimed and first and done and zero <= first - claimed <= done - claimed
    )
    if not samples:
        raise NoMeasurements(f"No turn of the rung {tier} is on record. {NoMeasurements.__doc__}")
    return Service(samples)


def measured_in(report: Path, tier: str) -> Service:
    """Service times from a load test's report. Raises NoMeasurements."""
    try:
        rows = json.loads(report.read_text(encoding="utf-8")).get("service_ms", {}).get(tier, [])
        samples = tuple((first / 1000, total / 1000) for first, total in rows)
    except (OSError, ValueError, TypeError, AttributeError) as exc:
        raise NoMeasurements(f"{report} is no report of a load test ({exc}).") from None
    if not samples:
        raise NoMeasurements(f"{report} has no turn of the rung {tier}. {NoMeasurements.__doc__}")
    return Service(samples)


def needed(world: World, conversations: int, *, promise: float, seed: int = 1) -> Needed:
    """The fewest workers with which p95 holds the promise and few turns are moved down."""
    rate = conversations / world.think
    least = max(1, math.floor(rate * world.service.mean_total / world.slots * 0.8))
    workers, step = least, max(1, least // 20)
    while True:
        found = _with(world, conversations, workers, seed)
        if (found.p95 <= promise and found.moved <= MOST_MOVED) or workers > 4 * least + 20:
            return found
        workers += step


def _with(world: World, conversations: int, workers: int, seed: int) -> Needed:
    begin = WARM_UP * world.think
    seconds = begin + COUNTED * world.think
    result = simulate(world, [Phase(seconds, conversations)], workers=workers, seed=seed)
    asked = sum(at >= begin for at, _ in result.first)
    return Needed(
        conversations=conversations,
        workers=workers,
        p50=result.percentile(50, since=begin),
        p95=result.percentile(95, since=begin),
        moved=result.moved_share(since=begin),
        asked_per_second=asked / (seconds - begin),
    )


def phases(text: str) -> list[Phase]:
    """ "50:300,500:900" as phases: conversations and seconds. Raises ValueError."""
    found = []
    for part in text.split(","):
        conversations, _, seconds = part.partition(":")
        found.append(Phase(float(seconds), int(conversations)))
    if any(phase.seconds <= 0 or phase.conversations < 0 for phase in found):
        raise ValueError("seconds must be above 0")
    return found


def rehearse(
    world: World, wanted: Sequence[Phase], rule: Rule, *, promise: float, seed: int = 1
) -> tuple[Result, list[dict[str, Any]]]:
    """Run phases under a scaling rule; returns each phase's figures and whether p95 holds."""
    result = simulate(world, wanted, workers=rule.least, rule=rule, seed=seed)
    lines, begin = [], 0.0
    for phase in wanted:
        end = begin + phase.seconds
        p95 = result.percentile(95, since=begin, until=end)
        ran = [count for at, count in result.workers if at < end]
        lines.append({
            "conversations": phase.conversations,
            "seconds": phase.seconds,
            "first_token_ms": {
                "p50": _ms(result.percentile(50, since=begin, until=end)), "p95": _ms(p95),
            },
            "moved_down": round(result.moved_share(since=begin, until=end), 4),
            "workers_at_end": ran[-1],
            "p95_holds": p95 <= promise,
        })  # fmt: skip
        begin = end
    return result, lines


def _ms(seconds: float) -> int | None:
    return None if math.isnan(seconds) else round(seconds * 1000)
