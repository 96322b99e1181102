"""The numbers that the decision is made of, from a search's signals. Pure; every number is finite.

They are shares, margins and logarithms, so that they mean the same in a small and a large knowledge
base. The names are part of the calibration file: renaming one needs a new fit.
"""

import math
from collections.abc import Mapping

_LOGARITHMS = ("history", "terms")
_LOG_ODDS = ("share",)
_CLIP = 1e-4

FEATURES = (
    "centroid",
    "centroid_lift",
    "centroid_margin",
    "centroid_place",
    "context_centroid",
    "cosine",
    "cosine_lift",
    "cosine_margin",
    "cosine_place",
    "coverage",
    "focus_centroid",
    "history",
    "lexical",
    "lexical_margin",
    "lexical_place",
    "ordinary_z",
    "other_z",
    "own_z",
    "pointing",
    "rare_coverage",
    "second_share",
    "share",
    "spread",
    "subject",
    "support",
    "terms",
    "third_share",
    "title_coverage",
    "token_together",
    "token_weakest",
    "unknown",
)


def features_of(signals: Mapping[str, float]) -> dict[str, float]:
    """Every name of FEATURES; a signal that is missing or not finite counts as 0."""
    found = {}
    for name in FEATURES:
        value = signals.get(name, 0.0)
        value = value if math.isfinite(value) else 0.0
        if name in _LOGARITHMS:
            value = math.log1p(max(0.0, value))
        elif name in _LOG_ODDS:
            share = min(1 - _CLIP, max(_CLIP, value))
            value = math.log(share / (1 - share))
        found[name] = value
    return found
