"""The simulation beside the whole portal: what it predicts for load tests, what they measured.

All of a portal on one machine waits for that machine's cores, not for slots. So the station
is the cores: a question holds one for the processor time that a load test counted for it, and its
first text comes as long after its turn as it did in the calmest of the tests.
"""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conversations.benchmarks.rehearsal import COUNTED, WARM_UP, NoMeasurements
from conversations.benchmarks.simulation import Phase, Service, World, simulate


@dataclass(frozen=True)
class Measured:
    """What one load test says. Times in seconds."""

    conversations: int
    think: float
    cores: int
    p50: float
    p95: float
    processor: float  # of all parts, for a question
    turns: tuple[tuple[float, float], ...]  # from the claim to the first text, and to the end


@dataclass(frozen=True)
class Checked:
    """A load test and its prediction; seconds."""

    measured: Measured
    p50: float
    p95: float
    busy: float  # share of the cores

    def as_json(self) -> dict[str, Any]:
        known = self.measured
        return {
            "conversations": known.conversations,
            "predicted_ms": {"p50": round(self.p50 * 1000), "p95": round(self.p95 * 1000)},
            "measured_ms": {"p50": round(known.p50 * 1000), "p95": round(known.p95 * 1000)},
            "cores_busy": round(self.busy, 2),
        }


def measured(report: Path, *, think: float) -> list[Measured]:
    """The load tests of a --json file, with a sweep's sizes each. `think`: where it does not say.

    Raises NoMeasurements.
    """
    try:
        whole = json.loads(report.read_text(encoding="utf-8"))
        cores = whole["machine"]["cores"]
        return [_measured(part, cores, think) for part in whole.get("sweep", [whole])]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
        raise NoMeasurements(
            f"{report} is no report of a load test on the portal's own machine ({exc!r})."
        ) from None


def _measured(part: dict[str, Any], cores: int, think: float) -> Measured:
    first, used = part["first_token_ms"], part["cpu_ms_per_question"]
    turns = [pair for pairs in part["service_ms"].values() for pair in pairs]
    if not turns or not used or first["p50"] is None:
        raise ValueError("it has no turns, or no processor times")
    return Measured(
        conversations=part["conversations"],
        think=part.get("think") or think,
        cores=cores,
        p50=first["p50"] / 1000,
        p95=first["p95"] / 1000,
        processor=sum(used.values()) / 1000,
        turns=tuple((begun / 1000, whole / 1000) for begun, whole in turns),
    )


def check(tests: Sequence[Measured], *, seed: int = 1) -> list[Checked]:
    """Predict each test from the one with the fewest conversations, which is itself among them."""
    calm = min(tests, key=lambda test: test.conversations / test.think)
    return [_predict(calm, test, seed) for test in sorted(tests, key=lambda t: t.conversations)]


def _predict(calm: Measured, test: Measured, seed: int) -> Checked:
    world = World(
        service=station(calm),
        slots=test.cores,
        think=test.think,
        around=max(0.0, calm.p50 - statistics.median(first for first, _ in calm.turns)),
    )
    begin = WARM_UP * test.think
    end = begin + COUNTED * test.think
    result = simulate(world, [Phase(end, test.conversations)], seed=seed)
    asked = sum(at >= begin for at, _ in result.first)
    return Checked(
        measured=test,
        p50=result.percentile(50, since=begin),
        p95=result.percentile(95, since=begin),
        busy=asked * calm.processor / (end - begin) / test.cores,
    )


def station(calm: Measured) -> Service:
    """Each measured turn: when its first text came, and the processor time that it takes a core
    for, which is the mean in proportion to the turn's length."""
    mean = statistics.fmean(whole for _, whole in calm.turns)
    return Service(
        tuple(
            (first, calm.processor * (whole / mean if mean else 1)) for first, whole in calm.turns
        )
    )
