"""What the answer cache does: how often it answers, and that it never gives an answer of old.

Reads only. Stale is an answer from the cache that cites a revision which had been replaced when
the turn was decided; there must be none.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Sum

from conversations.models import ArticleRevision, CachedAnswer, Citation, Turn


@dataclass(frozen=True)
class CacheReport:
    """`answers` were sure enough to look into the cache; `from_cache` of them came out of it."""

    answers: int
    from_cache: int
    stale: int
    entries: int
    approved: int
    given_again: int

    @property
    def hit_rate(self) -> float:
        return self.from_cache / self.answers if self.answers else 0.0

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "hit_rate": round(self.hit_rate, 4)}


def report(*, since: datetime) -> CacheReport:
    """The figures of the turns that were answered since then."""
    turns = Turn.objects.filter(
        done_at__gte=since, decision=Turn.Decision.ANSWER, confidence__isnull=False, stopped=False
    )
    cached = turns.filter(tier="cache")
    entries = CachedAnswer.objects.all()
    return CacheReport(
        answers=turns.count(),
        from_cache=cached.count(),
        stale=stale(since=since).count(),
        entries=entries.count(),
        approved=entries.filter(approved=True).count(),
        given_again=entries.aggregate(total=Sum("hits"))["total"] or 0,
    )


def stale(*, since: datetime) -> Any:
    """The turns that were given a stale answer from the cache."""
    newer = ArticleRevision.objects.filter(
        article=OuterRef("article"),
        number__gt=OuterRef("revision"),
        created_at__lt=OuterRef("message__turn__decided_at"),
    )
    cited = Citation.objects.filter(Exists(newer), message__turn=OuterRef("pk"))
    return Turn.objects.filter(Exists(cited), done_at__gte=since, tier="cache").order_by(
        F("done_at").desc()
    )
