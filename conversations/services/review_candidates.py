"""Turns that ask for a look: queries over the record, each bounded. Reads only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from conversations.models import (
    Citation,
    Escalation,
    Rating,
    ResolutionSurvey,
    Review,
    ReviewItem,
    Turn,
    TurnPassage,
)
from conversations.services.review_sampling import Stratum

#: At most so many of a kind are put into the queue at once.
MOST = 200
POOR = 2  # a satisfaction of so many stars or fewer counts as a complaint


def judgeable() -> QuerySet[Turn]:
    """Finished turns that asked something: a greeting needs no reviewer."""
    cited = Citation.objects.filter(message=OuterRef("reply"))
    courtesy = Q(decision=Turn.Decision.ANSWER, trace__has_key="kind") & ~Q(Exists(cited))
    return Turn.objects.filter(state=Turn.State.DONE).exclude(decision="").exclude(courtesy)


def with_topic(turns: QuerySet[Turn]) -> Any:
    """`shelf`: the section of the first cited article, else of the best that was found."""
    cited = Citation.objects.filter(message=OuterRef("reply"), article__isnull=False)
    found = TurnPassage.objects.filter(turn=OuterRef("pk"), article__isnull=False)
    return turns.annotate(
        cited_shelf=Subquery(cited.order_by("number").values("article__section__slug")[:1]),
        found_shelf=Subquery(found.order_by("rank").values("article__section__slug")[:1]),
    )


def strata(*, begin: datetime, end: datetime) -> list[tuple[str, Stratum]]:
    """Every turn to draw from, by id, with the stratum that it is of."""
    week = judgeable().filter(accepted_at__gte=begin, accepted_at__lt=end)
    rows = with_topic(week).values_list("pk", "cited_shelf", "found_shelf", "decision", "tier")
    return [
        (str(turn_id), Stratum(cited or found or "", decision, tier))
        for turn_id, cited, found, decision, tier in rows.iterator(chunk_size=5_000)
    ]


def lowest_confidence(*, begin: datetime, end: datetime, most: int) -> list[UUID]:
    """The answers of a week that were nearest to not being given."""
    answers = judgeable().filter(
        accepted_at__gte=begin,
        accepted_at__lt=end,
        decision=Turn.Decision.ANSWER,
        confidence__isnull=False,
    )
    return list(answers.order_by("confidence", "pk").values_list("pk", flat=True)[:most])


def thumbs_down(since: datetime) -> list[UUID]:
    """Turns whose reply a customer found not helpful, the last ones first."""
    rated = Rating.objects.filter(score=-1, updated_at__gte=since, message__turn__isnull=False)
    fresh = rated.exclude(_queued("message__turn", ReviewItem.Why.THUMBS_DOWN))
    return list(fresh.order_by("-updated_at").values_list("message__turn", flat=True)[:MOST])


def complaints(since: datetime) -> list[UUID]:
    """Turns that ended in a complaint, and the last turn before a person's poor rating."""
    opened = Escalation.objects.filter(
        reason=Escalation.Reason.COMPLAINT, opened_at__gte=since, turn__isnull=False
    ).exclude(_queued("turn", ReviewItem.Why.COMPLAINT))
    last = Turn.objects.filter(conversation=OuterRef("conversation"), reply__isnull=False)
    unhappy = (
        ResolutionSurvey.objects.filter(asked_at__gte=since)
        .filter(Q(solved=ResolutionSurvey.Solved.NO) | Q(score__lte=POOR))
        .annotate(last_turn=Subquery(last.order_by("-accepted_at").values("pk")[:1]))
        .exclude(last_turn=None)
        .exclude(_queued("last_turn", ReviewItem.Why.COMPLAINT))
    )
    found: Sequence[UUID] = [
        *opened.order_by("-opened_at").values_list("turn", flat=True)[:MOST],
        *unhappy.order_by("-asked_at").values_list("last_turn", flat=True)[:MOST],
    ]
    return list(dict.fromkeys(found))


def judged_by(user_id: int) -> Exists:
    """Whether this person has judged the item's turn."""
    return Exists(Review.objects.filter(turn=OuterRef("turn"), reviewer_id=user_id))


def _queued(turn: str, why: str) -> Exists:
    return Exists(ReviewItem.objects.filter(turn=OuterRef(turn), why__contains=[why]))
