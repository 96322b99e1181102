"""Reviewed turns as labelled examples: what a verdict says of the decision's question.

The decision asks whether the best article answers. A verdict says so for an answer; for what was
handed over or asked back it says so only where the reviewer named the right article.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from conversations.models import Review, Turn, TurnPassage
from conversations.services.review_estimate import effective_size

NAME = "reviewed"
CACHE = "cache"  # the rung of an answer that was given before; who wrote it is not known here
Verdict = Review.Verdict


@dataclass(frozen=True)
class Example:
    """A judged turn. `place` of the right article in the ranking, from 0; None: none is right.

    `weight` is how many turns it stands for; None: it came for a complaint or the like. `rung`
    wrote the answer; empty where none was written, or it was given before.
    """

    turn_id: str
    signals: dict[str, float]
    place: int | None
    answerable: bool
    weight: float | None
    rung: str = ""

    @property
    def right(self) -> bool:
        return self.answerable and self.place == 0

    @property
    def among(self) -> bool:
        return self.answerable and self.place is not None and self.place < 3


@dataclass(frozen=True)
class Collected:
    """`sampled` stand for all turns; `others` do not. `left_out` says why, and how many."""

    sampled: tuple[Example, ...]
    others: tuple[Example, ...]
    left_out: dict[str, int]

    @property
    def weighed(self) -> tuple[Example, ...]:
        """The sampled ones, their weights scaled to what they are worth together."""
        total = sum(one.weight or 0.0 for one in self.sampled)
        worth = effective_size([one.weight or 0.0 for one in self.sampled])
        return tuple(
            replace(one, weight=(one.weight or 0.0) * worth / total) for one in self.sampled
        )


def collect() -> Collected:
    """Every judged turn that says something of the decision; the last verdict on each counts."""
    sampled, others = list[Example](), list[Example]()
    left_out = Counter[str]()
    reviews = (
        Review.objects.select_related("turn__review_item")
        .order_by("turn_id", "-created_at", "-pk")
        .distinct("turn_id")
    )
    ranked = _rankings(review.turn_id for review in reviews)
    for review in reviews:
        turn = review.turn
        signals = turn.trace.get("signals")
        if not signals:
            left_out["nothing was looked up"] += 1
            continue
        label = label_of(review, turn.decision, ranked.get(turn.pk, []))
        if label is None:
            left_out["the verdict does not say which article is right"] += 1
            continue
        item = getattr(turn, "review_item", None)
        weight = item.weight if item is not None else None
        example = Example(str(turn.pk), signals, *label, weight, _rung(turn))
        (others if weight is None else sampled).append(example)
    return Collected(tuple(sampled), tuple(others), dict(left_out))


def _rung(turn: Turn) -> str:
    written = turn.decision == Turn.Decision.ANSWER and turn.tier != CACHE
    return turn.tier if written else ""


def label_of(review: Review, decision: str, ranking: list[int]) -> tuple[int | None, bool] | None:
    """(place, answerable) as Sample has them; None where the verdict does not tell."""
    named = review.right_article_id
    place = ranking.index(named) if named in ranking else None
    if review.verdict == Verdict.SHOULD_ESCALATE:
        return None, False
    if decision == Turn.Decision.ANSWER:
        if review.verdict == Verdict.RIGHT:
            return 0, True
        if review.verdict in (Verdict.WRONG, Verdict.UNSAFE):
            return place or None, True  # the best article was cited, and it was wrong
        return (place, True) if named else None
    if review.verdict == Verdict.RIGHT and decision == Turn.Decision.ESCALATE:
        return None, False
    return (place, True) if named else None


def _rankings(turns: Iterable[object]) -> dict[object, list[int]]:
    """The articles that each turn found, best first."""
    rows = (
        TurnPassage.objects.filter(turn__in=list(turns), article__isnull=False)
        .order_by("turn", "rank")
        .values_list("turn", "article")
    )
    found: dict[object, list[int]] = {}
    for turn, article in rows:
        ranking = found.setdefault(turn, [])
        if article not in ranking:
            ranking.append(article)
    return found
