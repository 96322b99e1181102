"""ReviewService: a verdict, what it sets in motion, and taking it back. All in one transaction.

A verdict is a row a person and turn; every change of it is a row of history with what it was and
what it became. A wrong answer leaves the cache with the verdict, a right one comes first, a right
answer that the reviewer wrote becomes an article draft, and the article that answers learns how it
was asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction

from conversations.dialogue.sameness import asked
from conversations.models import Article, Review, ReviewChange, ReviewItem, Turn
from conversations.retrieval.drafts import ArticleDraft
from conversations.services.answer_cache import AnswerCacheService
from conversations.services.knowledge import KnowledgeService
from conversations.services.phrasings import PhrasingService
from conversations.services.review_queue import close_if_judged
from portal import limits
from portal.core.errors import InvalidInput, NotFound, ServiceError
from portal.core.service import BaseService

TITLE = 120


class NothingToUndo(ServiceError):
    """This verdict was changed or taken back since; there is nothing to undo."""

    code = "nothing_to_undo"


@dataclass(frozen=True)
class Judged:
    """What a reviewer says of a turn."""

    verdict: str
    code: str = ""
    reason: str = ""
    right_article_id: int | None = None
    right_answer: str = ""


class ReviewService(BaseService):
    name = "review"

    def __init__(self, *, renew: Callable[[], None] = lambda: None) -> None:
        """`renew` has a worker embed what was learnt, once it is committed."""
        super().__init__()
        self.renew, self.phrasings = renew, PhrasingService()
        self.cache = AnswerCacheService(similarity=None, enabled=lambda: True)

    def judge(
        self, *, turn_id: UUID, reviewer_id: int, judged: Judged, now: datetime
    ) -> ReviewChange:
        """Store or change this person's verdict and do what follows from it.

        Raises InvalidInput for an unknown verdict, reason or article, NotFound for the turn.
        """
        _check(judged)
        with self.operation("judge"), transaction.atomic():
            turn = _locked(turn_id)
            review = Review.objects.filter(turn=turn, reviewer_id=reviewer_id).first()
            before = _fields(review)
            review = review or Review(turn=turn, reviewer_id=reviewer_id)
            for name in ("verdict", "code", "reason", "right_article_id", "right_answer"):
                setattr(review, name, getattr(judged, name))
            review.draft = self._draft(review, turn)
            review.save()
            self._take_back_cache(turn, reviewer_id)
            change = ReviewChange.objects.create(
                turn=turn,
                actor_id=reviewer_id,
                at=now,
                before=before,
                after=_fields(review),
                cache=self.cache.judge(turn=turn, verdict=judged.verdict),
            )
            self._learn(turn)
            _settle(turn, now)
            return change

    def undo(self, *, change_id: int, reviewer_id: int, now: datetime) -> ReviewChange:
        """Take the last change of this person's verdict on a turn back.

        Raises NotFound, or NothingToUndo where it is not the last one any more.
        """
        with self.operation("undo"), transaction.atomic():
            change = ReviewChange.objects.filter(pk=change_id, actor_id=reviewer_id).first()
            if change is None:
                raise NotFound
            turn = _locked(change.turn_id)
            if _last_change(turn, reviewer_id) != change or change.undoes_id is not None:
                raise NothingToUndo
            review = Review.objects.get(turn=turn, reviewer_id=reviewer_id)
            self._drop_draft(review, change.before)
            self.cache.take_back(change.cache)
            cache: dict[str, Any] = {}
            if change.before:
                for name, value in change.before.items():
                    setattr(review, name, value)
                review.save()
                cache = self.cache.judge(turn=turn, verdict=review.verdict)
            else:
                review.delete()
            undone = ReviewChange.objects.create(
                turn=turn,
                actor_id=reviewer_id,
                at=now,
                before=change.after,
                after=change.before,
                cache=cache,
                undoes=change,
            )
            self._learn(turn)
            _settle(turn, now)
            return undone

    def _learn(self, turn: Turn) -> None:
        if self.phrasings.settle(turn=turn):
            transaction.on_commit(self.renew)

    def _take_back_cache(self, turn: Turn, reviewer_id: int) -> None:
        """A changed verdict begins where the former one did."""
        last = _last_change(turn, reviewer_id)
        if last is not None and last.after:
            self.cache.take_back(last.cache)

    def _draft(self, review: Review, turn: Turn) -> Article | None:
        """The unpublished article of the reviewer's answer, made or brought up to date.

        A draft that an editor has published or archived meanwhile is theirs.
        """
        known = review.draft
        if not review.right_answer or (known and known.status != Article.Status.DRAFT):
            return known
        question = " ".join(turn.question.text.split())
        plain = asked(question)
        like = review.right_article
        external_id = known.external_id if known else f"review-{turn.pk}-{review.reviewer_id}"
        KnowledgeService().save_article(
            draft=ArticleDraft(
                external_id=external_id,
                title=plain.text[:TITLE] if plain else f"Answer for {str(turn.pk)[:8]}",
                body=review.right_answer,
                asked_as=(plain.text,) if plain else (),
                section=like.section.slug if like and like.section else "",
                language=like.language if like else "en",
            ),
            status=Article.Status.DRAFT,
            author=get_user_model().objects.get(pk=review.reviewer_id),
        )
        return Article.objects.get(external_id=external_id)

    def _drop_draft(self, review: Review, before: dict[str, Any]) -> None:
        """Archive the draft that the undone change made, unless an editor has taken it up."""
        draft = review.draft
        is_ours = draft is not None and draft.status == Article.Status.DRAFT
        if draft is not None and is_ours and before.get("draft_id") != draft.pk:
            KnowledgeService().archive(article_ids=[draft.pk])


def _check(judged: Judged) -> None:
    known_code = not judged.code or judged.code in Review.Code.values
    if judged.verdict not in Review.Verdict.values or not known_code:
        raise InvalidInput
    if max(len(judged.reason), len(judged.right_answer)) > limits.MESSAGE_CHARS:
        raise InvalidInput
    wanted = judged.right_article_id
    if wanted is not None and not Article.objects.filter(pk=wanted).exists():
        raise InvalidInput


def _locked(turn_id: UUID) -> Turn:
    """The turn under its lock: two verdicts on it follow each other."""
    turns = Turn.objects.select_for_update(of=("self",)).select_related("question", "reply")
    turn = turns.filter(pk=turn_id).first()
    if turn is None:
        raise NotFound
    return turn


def _last_change(turn: Turn, reviewer_id: int) -> ReviewChange | None:
    return ReviewChange.objects.filter(turn=turn, actor_id=reviewer_id).order_by("-pk").first()


def _fields(review: Review | None) -> dict[str, Any]:
    """A verdict as history keeps it; empty for none."""
    if review is None:
        return {}
    names = ("verdict", "code", "reason", "right_article_id", "right_answer", "draft_id")
    return {name: getattr(review, name) for name in names}


def _settle(turn: Turn, now: datetime) -> None:
    item = ReviewItem.objects.select_for_update().filter(turn=turn).first()
    if item is not None:
        close_if_judged(item, now=now)
