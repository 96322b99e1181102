"""What the verdicts say together: how many are wrong, how far people agree, rows for export."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from conversations.models import Article, Review, ReviewItem, Turn
from conversations.services.review_estimate import Agreement, Rate, agreement, weighted_rate

WRONG = frozenset({Review.Verdict.WRONG, Review.Verdict.UNSAFE, Review.Verdict.SHOULD_ESCALATE})
ARTICLES = 8
PAIRS = 2_000
SUMMARY_DAYS = 56
EXPORT_COLUMNS = (
    "added", "why", "state", "topic", "stratum", "weight", "decision", "rung", "confidence",
    "question", "reply", "reviewer", "verdict", "reason", "note", "right article", "right answer",
    "judged at", "turn", "conversation",
)  # fmt: skip


@dataclass(frozen=True)
class Summary:
    open: int
    mine: int
    judged_this_week: int
    wrong: Rate | None
    agreement: Agreement | None


def wrong_answer_rate(*, begin: datetime, end: datetime) -> Rate | None:
    """The share of wrong answers among all answers of a time, with its 95 % interval.

    From the weekly samples alone, each turn weighed by how many it stands for; the last verdict on
    a turn counts. None while nothing of the samples has been judged.
    """
    judged = judged_in_samples(begin=begin, end=end).values_list("weight", "verdict")
    return weighted_rate([(weight or 1.0, verdict in WRONG) for weight, verdict in judged])


def judged_in_samples(*, begin: datetime, end: datetime) -> QuerySet[Any]:
    """The answers of the weekly samples that were judged, each with its last `verdict`."""
    last = Review.objects.filter(turn=OuterRef("turn")).order_by("-created_at", "-pk")
    return (
        ReviewItem.objects.filter(
            draw__isnull=False,
            turn__decision=Turn.Decision.ANSWER,
            turn__accepted_at__gte=begin,
            turn__accepted_at__lt=end,
        )
        .annotate(verdict=Subquery(last.values("verdict")[:1]))
        .exclude(verdict=None)
    )


def reviewer_agreement() -> Agreement | None:
    """Cohen's kappa over turns that two people judged: the first two verdicts on each."""
    twice = ReviewItem.objects.filter(wanted=2).values("turn")
    rows = Review.objects.filter(turn__in=twice).order_by("pk").values_list("turn", "verdict")
    by_turn: dict[object, list[str]] = defaultdict(list)
    for turn, verdict in rows[: 2 * PAIRS]:
        by_turn[turn].append(verdict)
    return agreement([(found[0], found[1]) for found in by_turn.values() if len(found) > 1])


def summary(*, user_id: int, now: datetime) -> Summary:
    """The strip above the queue."""
    waiting = ReviewItem.objects.filter(state=ReviewItem.State.OPEN)
    waiting = waiting.filter(Q(snoozed_until=None) | Q(snoozed_until__lte=now))
    since = now - timedelta(days=now.weekday(), hours=now.hour, minutes=now.minute)
    return Summary(
        open=waiting.count(),
        mine=waiting.filter(assignee_id=user_id).count(),
        judged_this_week=Review.objects.filter(created_at__gte=since).count(),
        wrong=wrong_answer_rate(begin=now - timedelta(days=SUMMARY_DAYS), end=now),
        agreement=reviewer_agreement(),
    )


def find_articles(words: str) -> list[Article]:
    """Articles for the words typed so far: the last word may be unfinished. Drafts by title."""
    terms = ["".join(c for c in word if c.isalnum()) for word in words.split()[:12]]
    terms = [term for term in terms if term]
    if not terms:
        return []
    query = SearchQuery(" & ".join(f"{term}:*" for term in terms), search_type="raw",
                        config="english")  # fmt: skip
    found = Article.objects.exclude(status=Article.Status.ARCHIVED).filter(
        Q(title__icontains=words.strip()) | Q(search=query)
    )
    typed = words.strip().lower()
    rows = found.select_related("section").order_by("title")[:200]
    ordered = sorted(rows, key=lambda item: (typed not in item.title.lower(), item.title))
    return ordered[:ARTICLES]


def export_rows(items: QuerySet[ReviewItem]) -> Iterator[tuple[object, ...]]:
    """One row for each verdict, or for an item without one, in the order of EXPORT_COLUMNS."""
    chosen = items.select_related("turn__question", "turn__reply").prefetch_related(
        "turn__reviews__reviewer", "turn__reviews__right_article"
    )
    for item in chosen.iterator(chunk_size=500):
        reviews: list[Review | None] = [*item.turn.reviews.all()]
        for review in reviews or [None]:
            yield _row(item, review)


def _row(item: ReviewItem, review: Review | None) -> tuple[object, ...]:
    turn = item.turn
    judged: tuple[object, ...] = ("",) * 7
    if review is not None:
        article = review.right_article.title if review.right_article else ""
        judged = (
            review.reviewer.get_username(), review.verdict, review.code, review.reason, article,
            review.right_answer, _time(review.created_at),
        )  # fmt: skip
    return (
        _time(item.added_at), " ".join(item.why), item.state, item.topic, item.stratum,
        item.weight, turn.decision, turn.tier, turn.confidence, turn.question.text,
        turn.reply.text if turn.reply else "", *judged, turn.pk, turn.conversation_id,
    )  # fmt: skip


def _time(at: datetime) -> str:
    return timezone.localtime(at).isoformat(timespec="seconds")
