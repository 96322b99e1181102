"""Fits the decision to an installation: the shipped model, moved by what reviewers judged here.

Too few turns are judged to learn a model from, so the shipped one keeps its shapes; its log-odds
are stretched and shifted (two numbers, held near "no change" by a prior). The risk curve is the
shipped one with the judged turns added: the shipped counts fade as the judged ones grow. A rung of
the ladder that enough judged answers came from has a curve, and so a threshold, of its own: a small
model spoils answers that a large one gets right.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from conversations.dialogue.calibration import ANY_RUNG, AdditiveModel, Calibration, Shape
from conversations.dialogue.features import features_of
from conversations.dialogue.guarantee import CurvePoint
from conversations.services.review_samples import Example

#: The shipped curve counts half once so many turns are judged.
FADE = 1_000.0
#: A rung with fewer judged turns goes by the curve of all rungs.
RUNG_MINIMUM = 100.0
FOLDS = 5
STRETCH_SPREAD, SHIFT_SPREAD = 0.3, 1.0  # of the prior, in log-odds
STEPS = 30
Pair = tuple[float, float]  # stretch, shift


def adapt(shipped: Calibration, examples: Sequence[Example], *, data_digest: str) -> Calibration:
    """The installation's calibration. `examples` carry weights that add up to their worth."""
    top = [(_log_odds(shipped.top, one), one.right, one.weight or 0.0) for one in examples]
    among = [(_log_odds(shipped.among, one), one.among, one.weight or 0.0) for one in examples]
    moved, known = fit(top), shipped.curves.get(ANY_RUNG, ())
    unseen = _unseen(top)
    return replace(
        shipped,
        top=move(shipped.top, moved),
        among=move(shipped.among, fit(among)),
        curves={
            rung: _joined(known, moved, [unseen[number] for number in numbers])
            for rung, numbers in _by_rung(examples).items()
        },
        data_digest=data_digest,
        origin="reviewed turns",
        notes={
            **shipped.notes,
            "reviewed": len(examples),
            "shipped_data": shipped.data_digest,
            "stretch": round(moved[0], 4),
            "shift": round(moved[1], 4),
        },
    )


def fit(rows: Sequence[tuple[float, bool, float]]) -> Pair:
    """Stretch and shift of log-odds that fit (log-odds, right, weight) best under the prior."""
    stretch, shift = 1.0, 0.0
    for _ in range(STEPS):
        to_stretch, to_shift = (1 - stretch) / STRETCH_SPREAD**2, -shift / SHIFT_SPREAD**2
        a, b, c = 1 / STRETCH_SPREAD**2, 0.0, 1 / SHIFT_SPREAD**2
        for odds, right, weight in rows:
            chance = _chance(stretch * odds + shift)
            error, slope = weight * (right - chance), weight * chance * (1 - chance)
            to_stretch, to_shift = to_stretch + error * odds, to_shift + error
            a, b, c = a + slope * odds * odds, b + slope * odds, c + slope
        size = a * c - b * b
        stretch += max(-0.5, min(0.5, (c * to_stretch - b * to_shift) / size))
        shift += max(-1.0, min(1.0, (a * to_shift - b * to_stretch) / size))
        stretch = max(0.2, stretch)  # an answer that was likelier stays likelier
    return stretch, shift


def move(model: AdditiveModel, pair: Pair) -> AdditiveModel:
    """The model with its log-odds stretched and shifted."""
    stretch, shift = pair
    shapes = {
        name: Shape(shape.cuts, tuple(round(value * stretch, 5) for value in shape.values))
        for name, shape in model.shapes.items()
    }
    return AdditiveModel(model.intercept * stretch + shift, shapes)


def _by_rung(examples: Sequence[Example]) -> dict[str, list[int]]:
    """Which examples make each curve: all make the common one."""
    rungs = {ANY_RUNG: list(range(len(examples)))}
    for rung in sorted({one.rung for one in examples if one.rung}):
        numbers = [number for number, one in enumerate(examples) if one.rung == rung]
        if sum(examples[number].weight or 0.0 for number in numbers) >= RUNG_MINIMUM:
            rungs[rung] = numbers
    return rungs


def _unseen(rows: Sequence[tuple[float, bool, float]]) -> list[tuple[float, bool, float]]:
    """(chance, right, weight), each chance from a fit that had not seen the row; in their order."""
    pairs = [
        fit([row for number, row in enumerate(rows) if number % FOLDS != fold])
        for fold in range(FOLDS)
    ]
    return [
        (_chance(pairs[number % FOLDS][0] * odds + pairs[number % FOLDS][1]), right, weight)
        for number, (odds, right, weight) in enumerate(rows)
    ]


def _joined(
    shipped: Sequence[CurvePoint], moved: Pair, judged: Sequence[tuple[float, bool, float]]
) -> tuple[CurvePoint, ...]:
    """One curve: at each threshold the faded shipped counts and the judged ones."""
    fade = FADE / (FADE + sum(weight for _, _, weight in judged))
    stretch, shift = moved
    known = [
        CurvePoint(_chance(stretch * _odds(p.threshold) + shift), p.answered * fade, p.wrong * fade)
        for p in sorted(shipped, key=lambda point: -point.threshold)
    ]
    points = []
    places = {round(p.threshold, 5) for p in known} | {round(chance, 5) for chance, _, _ in judged}
    for threshold in sorted(places, reverse=True):
        before = [p for p in known if p.threshold >= threshold - 1e-9]
        answered, wrong = (before[-1].answered, before[-1].wrong) if before else (0.0, 0.0)
        above = [(right, weight) for chance, right, weight in judged if chance >= threshold - 1e-9]
        answered += sum(weight for _, weight in above)
        wrong += sum(weight for right, weight in above if not right)
        answered = round(answered, 2)
        points.append(CurvePoint(threshold, answered, min(answered, round(wrong, 2))))
    return tuple(points)


def _log_odds(model: AdditiveModel, example: Example) -> float:
    return _odds(model.probability(features_of(example.signals)))


def _odds(chance: float) -> float:
    chance = min(1 - 1e-6, max(1e-6, chance))
    return math.log(chance / (1 - chance))


def _chance(odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))
