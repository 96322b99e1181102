"""Fits the decision's additive model to judged questions. Needs scikit-learn; a reply never does.

A sample is one question with its search signals and whether the best article was right. Sets weigh
alike, however many questions they have, so that the large ones do not decide for the others.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped]
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from conversations.dialogue.calibration import AdditiveModel, Shape
from conversations.dialogue.features import FEATURES, features_of

SET_WEIGHT = 600  # questions of one set that count fully; more share that weight
ROUNDS, RATE, LEAF, RIDGE = 150, 0.08, 30, 5.0

# More of these can only speak for the answer, or only against it; the others may bend.
FOR = """cosine support lexical coverage title_coverage rare_coverage centroid cosine_margin
cosine_lift cosine_place centroid_margin centroid_lift centroid_place share subject ordinary_z
own_z other_z token_together token_weakest""".split()
AGAINST = "unknown spread second_share third_share pointing".split()
DIRECTION = {**dict.fromkeys(FOR, 1), **dict.fromkeys(AGAINST, -1)}


@dataclass(frozen=True)
class Sample:
    """`place` of the first right article in the ranking, from 0; None: no article is right."""

    name: str
    question_id: str
    signals: Mapping[str, float]
    place: int | None
    answerable: bool
    weight: float = 1.0  # beside the others of its set

    @property
    def right(self) -> bool:
        return self.answerable and self.place == 0

    @property
    def among(self) -> bool:
        return self.answerable and self.place is not None and self.place < 3

    @property
    def features(self) -> dict[str, float]:
        return features_of(self.signals)


def matrix(samples: Sequence[Sample]) -> NDArray[np.float64]:
    rows = [sample.features for sample in samples]
    return np.array([[row[name] for name in FEATURES] for row in rows], dtype=np.float64)


def weights(samples: Sequence[Sample]) -> NDArray[np.float64]:
    counts: dict[str, int] = defaultdict(int)
    for sample in samples:
        counts[sample.name] += 1
    return np.array(
        [sample.weight * min(1.0, SET_WEIGHT / counts[sample.name]) for sample in samples]
    )


def fit_model(
    rows: NDArray[np.float64], target: NDArray[np.bool_], weight: NDArray[np.float64]
) -> AdditiveModel:
    """A sum of monotone step functions, boosted one split at a time."""
    boosted = HistGradientBoostingClassifier(
        max_iter=ROUNDS,
        max_depth=1,
        learning_rate=RATE,
        min_samples_leaf=LEAF,
        l2_regularization=RIDGE,
        monotonic_cst=[DIRECTION.get(name, 0) for name in FEATURES],
        early_stopping=False,
        random_state=0,
    )
    with threadpool_limits(1):  # a few thousand rows: more threads only wait for each other
        boosted.fit(rows, target, sample_weight=weight)
    steps: dict[str, list[tuple[float, float]]] = defaultdict(list)
    intercept = float(np.ravel(boosted._baseline_prediction)[0])
    for (tree,) in boosted._predictors:
        nodes = tree.nodes
        root = nodes[0]
        if root["is_leaf"]:
            intercept += float(root["value"])
            continue
        left, right = float(nodes[root["left"]]["value"]), float(nodes[root["right"]]["value"])
        intercept += left
        name = FEATURES[int(root["feature_idx"])]
        steps[name].append((float(root["num_threshold"]), right - left))
    return AdditiveModel(intercept, {name: _shape(found) for name, found in sorted(steps.items())})


def fit_top(samples: Sequence[Sample]) -> AdditiveModel:
    """The model for "the best article answers"."""
    right = np.array([sample.right for sample in samples])
    return fit_model(matrix(samples), right, weights(samples))


def fit_among(samples: Sequence[Sample]) -> AdditiveModel:
    """The model for "one of the best three articles answers"."""
    among = np.array([sample.among for sample in samples])
    return fit_model(matrix(samples), among, weights(samples))


def _shape(steps: Sequence[tuple[float, float]]) -> Shape:
    """Steps added up. A tree goes left where x <= cut, so the cut moves up by one float."""
    joined: dict[float, float] = defaultdict(float)
    for cut, rise in steps:
        joined[round(float(np.nextafter(cut, np.inf)), 6)] += rise
    cuts = tuple(sorted(joined))
    values = [0.0]
    for cut in cuts:
        values.append(round(values[-1] + joined[cut], 5))
    return Shape(cuts, tuple(values))
