"""Dated assumptions: the value that held on a day, or a default that says that it is one."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from insights.measures.definition import Text
from insights.models import Assumption

Key = Assumption.Key


@dataclass(frozen=True)
class Held:
    """What was assumed on a day. `is_default`: nobody has entered it yet."""

    key: str
    name: Text
    value: float
    low: float
    high: float
    source: Text
    from_date: date | None
    is_default: bool


_DEFAULTS: dict[str, tuple[float, float, float]] = {
    Key.AGENT_HOUR: (32.0, 24.0, 45.0),
    Key.PARALLEL: (2.0, 1.0, 3.0),
    Key.HOSTING_MONTH: (900.0, 400.0, 2500.0),
    Key.REVIEW_MINUTES: (1.0, 0.3, 3.0),
    Key.WRONG_COST: (15.0, 5.0, 60.0),
    Key.SILENT_SOLVED: (0.5, 0.0, 1.0),
}


def held_on(day: date) -> dict[str, Held]:
    """Every assumption as it held on a day."""
    rows = Assumption.objects.filter(from_date__lte=day).order_by("key", "-from_date")
    entered: dict[str, Assumption] = {}
    for row in rows:
        entered.setdefault(row.key, row)
    return {str(key): _held(str(key), entered.get(str(key))) for key in Key.values}


def _held(key: str, row: Assumption | None) -> Held:
    name = Key(key).label
    if row is None:
        value, low, high = _DEFAULTS[key]
        source = _("a default of the software; enter your own")
        return Held(key, name, value, low, high, source, None, is_default=True)
    return Held(
        key, name, float(row.value), float(row.low), float(row.high), row.source, row.from_date,
        is_default=False,
    )  # fmt: skip


def cost_of_agent_second(day: date) -> float:
    """Money for one second of a conversation with an agent."""
    held = held_on(day)
    return held[Key.AGENT_HOUR].value / 3600 / held[Key.PARALLEL].value
