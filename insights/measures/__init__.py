"""The catalogue of measures and dimensions."""

from insights.measures.catalogue import (
    COMPONENTS,
    CONFIDENCE,
    DIGEST,
    DISTRIBUTIONS,
    MEASURES,
    SERVED,
    allowed,
)
from insights.measures.definition import KEYS, TABLES, Dimension, Distribution, Grain, Measure
from insights.measures.dimensions import DIMENSIONS, ROLLED, SERIES, WEEKDAYS, label

__all__ = [
    "COMPONENTS",
    "CONFIDENCE",
    "DIGEST",
    "DIMENSIONS",
    "DISTRIBUTIONS",
    "KEYS",
    "MEASURES",
    "ROLLED",
    "SERIES",
    "SERVED",
    "TABLES",
    "WEEKDAYS",
    "Dimension",
    "Distribution",
    "Grain",
    "Measure",
    "allowed",
    "label",
]
