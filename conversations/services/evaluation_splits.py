"""How often the owner's error is broken: the calibration refitted on random halves of a set.

Each split moves the shipped calibration by one half, as reviewed conversations would, and decides
the other half with it. Nothing is searched again, so a hundred splits take seconds.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from conversations.dialogue.calibration import Calibration
from conversations.dialogue.features import features_of
from conversations.services.evaluation import Verdict, fitted

SEED = 20261123


@dataclass(frozen=True)
class Half:
    """What became of a test half: shares of its questions, and of the answered ones."""

    questions: int
    answered: int
    wrong: int

    @property
    def automation(self) -> float:
        return self.answered / self.questions if self.questions else 0.0

    @property
    def wrong_rate(self) -> float:
        return self.wrong / self.answered if self.answered else 0.0


def violations(
    calibration: Calibration, verdicts: Sequence[Verdict], *, max_error: float, splits: int
) -> dict[str, Any]:
    """Over random halves: how many broke the error, and how many by more than their own noise.

    A test half has few answers, so its realised rate strays from the true one; `beyond_noise`
    counts the halves that lie above the error by more than two standard errors. `confidence` is
    the level that the threshold is promised at.
    """
    shuffled = random.Random(SEED)
    halves = []
    for _ in range(splits):
        order = list(verdicts)
        shuffled.shuffle(order)
        middle = len(order) // 2
        moved = fitted(calibration, order[:middle])
        halves.append(_decided(moved, order[middle:], max_error))
    return {
        "splits": splits,
        "confidence": round(1 - calibration.delta, 3),
        "violations": sum(half.wrong_rate > max_error for half in halves),
        "beyond_noise": sum(_beyond_noise(half, max_error) for half in halves),
        "answered_nothing": sum(not half.answered for half in halves),
        "automation": round(median(half.automation for half in halves), 4),
        "wrong": round(fmean(half.wrong_rate for half in halves), 4),
    }


def _decided(calibration: Calibration, verdicts: Sequence[Verdict], max_error: float) -> Half:
    threshold = calibration.threshold(max_error)
    answered = [
        verdict
        for verdict in verdicts
        if verdict.signals
        and verdict.confidence is not None
        and calibration.top.probability(features_of(verdict.signals)) >= threshold
    ]
    wrong = sum(not verdict.would_be_right for verdict in answered)
    return Half(len(verdicts), len(answered), wrong)


def _beyond_noise(half: Half, max_error: float) -> bool:
    if not half.answered:
        return False
    noise = 2 * math.sqrt(max_error * (1 - max_error) / half.answered)
    return half.wrong_rate > max_error + noise
