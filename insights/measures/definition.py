"""What a measure and a dimension are. Pure values; the catalogue fills them.

The SQL in here is written by us and closed: nothing that a user types ever becomes part of it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from django.utils.functional import Promise

Text = str | Promise


class Grain(StrEnum):
    """What one row of a measure is."""

    CONVERSATION = "conversation"
    TURN = "turn"
    ESCALATION = "escalation"


TABLES: dict[Grain, str] = {
    Grain.CONVERSATION: "insights_conversationfact",
    Grain.TURN: "insights_turnfact",
    Grain.ESCALATION: "insights_escalationfact",
}
#: The column that opens the conversation behind a fact, and the fact's own key.
KEYS: dict[Grain, str] = {
    Grain.CONVERSATION: "conversation_id",
    Grain.TURN: "turn_id",
    Grain.ESCALATION: "escalation_id",
}

Kind = Literal["count", "sum", "ratio", "mean", "percentile", "distinct", "per_time", "money"]
Unit = Literal["count", "share", "seconds", "ms", "score", "money", "tokens", "minutes"]
Direction = Literal["up", "down", "none"]


@dataclass(frozen=True)
class Dimension:
    """`column` is a fact column; a time dimension has none, its SQL is made from the time."""

    key: str
    name: Text
    grains: frozenset[Grain]
    column: str = ""

    @property
    def is_time(self) -> bool:
        return not self.column


@dataclass(frozen=True)
class Distribution:
    """The values of `value` over the facts that `rows` lets through; rollups keep histograms."""

    grain: Grain
    rows: str
    value: str


@dataclass(frozen=True)
class Measure:
    """One figure: what it counts (`counted`), of what (`base`), and what it means.

    count, sum, distinct: over the counted rows. ratio: counted among base. mean, percentile: of
    `value` over the counted rows. per_time: the sum of `value` (ms) for each elapsed ms.
    money: the sum of `value` times a dated assumption, for each base row.
    """

    key: str
    name: Text
    formula: Text
    meaning: Text
    grain: Grain
    kind: Kind
    unit: Unit
    direction: Direction
    counted: str
    base: str = "TRUE"
    value: str = ""
    quantile: float = 0.5
    minimum: int = 20
    exclude: frozenset[str] = frozenset()

    @property
    def additive(self) -> bool:
        """Whether sums of hourly components give its exact value."""
        return self.kind not in ("percentile", "distinct")

    @property
    def distribution(self) -> Distribution | None:
        """What a percentile is read from where its rows are too many to be sorted."""
        if self.kind != "percentile":
            return None
        return Distribution(self.grain, self.rows, self.value)

    @property
    def components(self) -> tuple[str, str]:
        """SQL of its two sums: what is counted, and the number of rows that it is out of."""
        counted = f"count(*) FILTER (WHERE {self.rows})"
        match self.kind:
            case "count" | "distinct" | "percentile":
                return counted, counted
            case "ratio":
                return counted, f"count(*) FILTER (WHERE {self.base})"
            case "money":
                total = f"coalesce(sum({self.value}) FILTER (WHERE {self.base}), 0)"
                return total, f"count(*) FILTER (WHERE {self.base})"
            case _:
                total = f"coalesce(sum({self.value}) FILTER (WHERE {self.rows}), 0)"
                return total, counted

    @property
    def rows(self) -> str:
        """SQL predicate of the rows behind the figure: what its link opens."""
        if self.kind == "money":
            return self.base
        parts = [self.counted]
        if self.kind == "ratio" and self.base != "TRUE":
            parts.append(self.base)
        if self.value:
            parts.append(f"({self.value}) IS NOT NULL")
        return " AND ".join(f"({part})" for part in parts if part != "TRUE") or "TRUE"
