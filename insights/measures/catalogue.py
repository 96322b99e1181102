"""The one catalogue. Everything that shows a number takes it from here, with its meaning."""

import hashlib

from insights.measures import conversation_measures, desk_measures, turn_measures
from insights.measures.definition import Dimension, Distribution, Grain, Measure
from insights.measures.dimensions import DIMENSIONS, ROLLED
from insights.measures.histogram import EDGES

#: Of agents' time over conversations that a person served: what savings are matched with.
SERVED = Distribution(Grain.CONVERSATION, "served AND agent_s > 0", "agent_s")
#: Confidence in hundredths over everything that was asked: what the slider moves along.
CONFIDENCE = Distribution(
    Grain.TURN, "kind <> 'courtesy' AND confidence IS NOT NULL", "floor(confidence * 100)::int"
)

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


#: Sums that pages need beside the measures' own.
_MORE: dict[Grain, tuple[str, ...]] = {
    Grain.TURN: turn_measures.STEPS,
    Grain.CONVERSATION: conversation_measures.MATCHED,
}


def _components(grain: Grain) -> tuple[str, ...]:
    """The different sums that a grain's rollup keeps, in a fixed order."""
    wanted = (
        sql for measure in MEASURES.values() if measure.grain is grain for sql in measure.components
    )
    return tuple(dict.fromkeys((*wanted, *_MORE.get(grain, ()))))


COMPONENTS: dict[Grain, tuple[str, ...]] = {grain: _components(grain) for grain in Grain}


def _distributions() -> tuple[Distribution, ...]:
    of_measures = (measure.distribution for measure in MEASURES.values())
    return tuple(dict.fromkeys((*(item for item in of_measures if item), SERVED, CONFIDENCE)))


#: What the histograms of the rollups are of; a histogram's series is its place in here.
DISTRIBUTIONS: tuple[Distribution, ...] = _distributions()

#: Changes with any formula: rollups made for another catalogue are not read.
DIGEST = hashlib.sha256(repr((COMPONENTS, ROLLED, DISTRIBUTIONS, EDGES)).encode()).hexdigest()
