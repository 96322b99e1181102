"""Rows behind a number that no measure of the catalogue counts. Reads only."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from conversations.services.review_reading import WRONG, judged_in_samples
from insights.figures.figure import Behind, portal_zone
from insights.figures.periods import Period
from insights.measures.definition import Text
from insights.models import ConversationFact


@dataclass(frozen=True)
class Rows:
    """A set's name, what it holds, how many rows, and one page of them, newest first."""

    name: Text
    formula: Text
    total: int
    page: list[Behind]


def row_set(
    name: str, period: Period, topic: str | None, *, part: str, start: int, size: int
) -> Rows | None:
    """The rows of a named set; None where there is no such set."""
    build = _SETS.get(name)
    return build(period, topic, part, slice(start, start + size)) if build else None


def _served(period: Period, topic: str | None, _part: str, page: slice) -> Rows:
    """What the median of people's time rests on."""
    begin, end = period.bounds(portal_zone())
    found: QuerySet[ConversationFact] = ConversationFact.objects.filter(
        at__gte=begin, at__lt=end, served=True, agent_s__gt=0
    )
    if topic is not None:
        found = found.filter(topic=topic)
    ids = found.order_by("-at", "pk").values_list("conversation_id", "at")[page]
    return Rows(
        _("handled by people"), _("conversations that a person resolved, and how long it took"),
        found.count(), [Behind(key, key, at) for key, at in ids],
    )  # fmt: skip


def _sampled(period: Period, _topic: str | None, part: str, page: slice) -> Rows:
    """What the rate of wrong answers among all answers rests on; `base` holds all judged ones."""
    begin, end = period.bounds(portal_zone())
    found = judged_in_samples(begin=begin, end=end)
    if part == "counted":
        found = found.filter(verdict__in=WRONG)
    ids = found.order_by("-turn__accepted_at", "pk").values_list(
        "turn_id", "turn__conversation_id", "turn__accepted_at"
    )[page]
    return Rows(
        _("wrong among all answers"),
        _("answers of the weekly samples whose last verdict is wrong, unsafe or should have been "
          "handed over ÷ judged answers of the samples, each weighed by how many it stands for"),
        found.count(), [Behind(*row) for row in ids],
    )  # fmt: skip


_SETS: dict[str, Callable[[Period, str | None, str, slice], Rows]] = {
    "served": _served,
    "sampled": _sampled,
}
