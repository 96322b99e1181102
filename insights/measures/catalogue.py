"""The one catalogue. Everything that shows a number takes it from here, with its meaning."""

import hashlib

from insights.measures import conversation_measures, desk_measures, turn_measures
from insights.measures.definition import Dimension, Grain, Measure
from insights.measures.dimensions import DIMENSIONS, ROLLED

MEASURES: dict[str, Measure] = {
    measure.key: measure
    for measure in (
        *conversation_measures.MEASURES,
        *turn_measures.MEASURES,
        *desk_measures.MEASURES,
    )
}


def allowed(measure: Measure) -> tuple[Dimension, ...]:
    """The dimensions that a measure can be grouped and filtered by."""
    return tuple(
        item
        for item in DIMENSIONS.values()
        if measure.grain in item.grains and item.key not in measure.exclude
    )


def _components(grain: Grain) -> tuple[str, ...]:
    """The different sums that a grain's rollup keeps, in a fixed order."""
    wanted = (
        sql for measure in MEASURES.values() if measure.grain is grain for sql in measure.components
    )
    return tuple(dict.fromkeys(wanted))


COMPONENTS: dict[Grain, tuple[str, ...]] = {grain: _components(grain) for grain in Grain}

#: Changes with any formula: rollups made for another catalogue are not read.
DIGEST = hashlib.sha256(repr((COMPONENTS, ROLLED)).encode()).hexdigest()
