"""The catalogue of measures and dimensions."""

from insights.measures.catalogue import COMPONENTS, DIGEST, MEASURES, allowed
from insights.measures.definition import KEYS, TABLES, Dimension, Grain, Measure
from insights.measures.dimensions import DIMENSIONS, ROLLED, SERIES, WEEKDAYS, label

__all__ = [
    "COMPONENTS",
    "DIGEST",
    "DIMENSIONS",
    "KEYS",
    "MEASURES",
    "ROLLED",
    "SERIES",
    "TABLES",
    "WEEKDAYS",
    "Dimension",
    "Grain",
    "Measure",
    "allowed",
    "label",
]
