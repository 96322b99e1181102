"""What a verdict sets in motion: the cache, drafts, history; and taking it back."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from conversations.models import Article, CachedAnswer, Review, ReviewChange, ReviewItem, Turn
from conversations.services.answer_cache import AnswerCacheService
from conversations.services.outcome import Cited, Outcome
from conversations.services.review_queue import ReviewQueueService
from conversations.services.review_verdicts import Judged, NothingToUndo, ReviewService
from portal.core.errors import InvalidInput, NotFound
from tests.review.conftest import NOW, MakeTurn

pytestmark = pytest.mark.django_db

Keep = Callable[[Turn], CachedAnswer]


@pytest.fixture
def service() -> ReviewService:
    return ReviewService()


def test_a_wrong_answer_leaves_the_cache_and_undo_brings_it_back(
    service: ReviewService, make_turn: MakeTurn, cached: Keep, sam: User
) -> None:
    turn = make_turn()
    entry = cached(turn)
    change = service.judge(turn_id=turn.pk, reviewer_id=sam.pk, judged=Judged("wrong"), now=NOW)
    assert not CachedAnswer.objects.exists()
    service.undo(change_id=change.pk, reviewer_id=sam.pk, now=NOW)
    back = CachedAnswer.objects.get()
    assert (back.question, back.text, back.turn) == (entry.question, entry.text, turn)
    assert not Review.objects.exists()


def test_the_very_words_that_were_called_wrong_are_not_kept_again(
    service: ReviewService, make_turn: MakeTurn, returns: Article, sam: User
) -> None:
    turn = make_turn()
    assert turn.reply
    outcome = Outcome(
        decision="answer", reason="confident", text=turn.reply.text, tier="cpu",
        citations=(Cited(1, returns.pk, 1, "Returns", "/help/"),),
    )  # fmt: skip
    cache = AnswerCacheService(similarity=None, enabled=lambda: True)
    service.judge(turn_id=turn.pk, reviewer_id=sam.pk, judged=Judged("wrong"), now=NOW)
    cache.keep(question="How long can I return an item?", outcome=outcome, turn_id=turn.pk)
    assert not CachedAnswer.objects.exists()


def test_a_right_answer_comes_first_for_the_same_question(
    service: ReviewService, make_turn: MakeTurn, cached: Keep, returns: Article, sam: User
) -> None:
    turn = make_turn()
    change = service.judge(turn_id=turn.pk, reviewer_id=sam.pk, judged=Judged("right"), now=NOW)
    cache = AnswerCacheService(similarity=None, enabled=lambda: True)
    given = cache.find(question="how long can i return items", article_id=returns.pk, rung="gpu")
    assert given
    assert (given.approved, given.turn) == (True, turn)
    service.undo(change_id=change.pk, reviewer_id=sam.pk, now=NOW)
    assert not CachedAnswer.objects.exists()


def test_a_changed_verdict_begins_where_the_former_one_did(
    service: ReviewService, make_turn: MakeTurn, cached: Keep, sam: User
) -> None:
    turn = make_turn()
    cached(turn)
    service.judge(turn_id=turn.pk, reviewer_id=sam.pk, judged=Judged("wrong"), now=NOW)
    last = service.judge(turn_id=turn.pk, reviewer_id=sam.pk, judged=Judged("right"), now=NOW)
    assert CachedAnswer.objects.get().approved
    assert last.before["verdict"] == "wrong"
    assert last.after["verdict"] == "right"
    service.undo(change_id=last.pk, reviewer_id=sam.pk, now=NOW)
    assert not CachedAnswer.objects.exists()
    assert Review.objects.get().verdict == "wrong"


def test_a_right_answer_becomes_a_draft_in_the_customers_words(
    service: ReviewService, make_turn: MakeTurn, returns: Article, sam: User
) -> None:
    turn = make_turn("Can I return socks?")
    judged = Judged("wrong", "incomplete", "no word on socks", returns.pk, "Socks too, unworn.")
    change = service.judge(turn_id=turn.pk, reviewer_id=sam.pk, judged=judged, now=NOW)
    review = Review.objects.get()
    draft = review.draft
    assert draft
    assert (draft.status, draft.title, draft.body) == (
        "draft",
        "Can I return socks?",
        "Socks too, unworn.",
    )
    assert draft.asked_as == ["Can I return socks?"]
    assert draft.section == returns.section
    assert draft.revisions.get().author == sam
    assert draft.passages.count() == 0
    service.undo(change_id=change.pk, reviewer_id=sam.pk, now=NOW)
    draft.refresh_from_db()
    assert draft.status == "archived"


def test_what_is_personal_in_a_question_goes_into_no_draft(
    service: ReviewService, make_turn: MakeTurn, sam: User
) -> None:
    turn = make_turn("My order 4821377 is late, I am anna@example.com")
    service.judge(
        turn_id=turn.pk, reviewer_id=sam.pk, judged=Judged("wrong", right_answer="Wait."), now=NOW
    )
    draft = Article.objects.get(status="draft")
    assert draft.asked_as == []
    assert "anna" not in draft.title


def test_a_draft_that_an_editor_published_is_theirs(
    service: ReviewService, make_turn: MakeTurn, sam: User
) -> None:
    turn = make_turn()
    judged = Judged("wrong", right_answer="Thirty days.")
    change = service.judge(turn_id=turn.pk, reviewer_id=sam.pk, judged=judged, now=NOW)
    Article.objects.filter(status="draft").update(status="published")
    service.undo(change_id=change.pk, reviewer_id=sam.pk, now=NOW)
    assert Article.objects.filter(external_id__startswith="review-", status="published").exists()


def test_history_keeps_every_change_with_who_and_when(
    service: ReviewService, make_turn: MakeTurn, sam: User, kim: User
) -> None:
    turn = make_turn()
    for user, verdict in ((sam, "right"), (kim, "wrong"), (sam, "partly")):
        service.judge(turn_id=turn.pk, reviewer_id=user.pk, judged=Judged(verdict), now=NOW)
    kept = [
        (change.actor.username, change.before.get("verdict"), change.after.get("verdict"))
        for change in ReviewChange.objects.order_by("pk")
    ]
    assert kept == [("sam", None, "right"), ("kim", None, "wrong"), ("sam", "right", "partly")]


def test_only_the_last_change_of_ones_own_can_be_undone(
    service: ReviewService, make_turn: MakeTurn, sam: User, kim: User
) -> None:
    turn = make_turn()
    first = service.judge(turn_id=turn.pk, reviewer_id=sam.pk, judged=Judged("right"), now=NOW)
    last = service.judge(turn_id=turn.pk, reviewer_id=sam.pk, judged=Judged("wrong"), now=NOW)
    with pytest.raises(NotFound):
        service.undo(change_id=last.pk, reviewer_id=kim.pk, now=NOW)
    with pytest.raises(NothingToUndo):
        service.undo(change_id=first.pk, reviewer_id=sam.pk, now=NOW)
    undone = service.undo(change_id=last.pk, reviewer_id=sam.pk, now=NOW)
    with pytest.raises(NothingToUndo):
        service.undo(change_id=undone.pk, reviewer_id=sam.pk, now=NOW)


def test_undo_puts_the_turn_back_into_the_queue(
    service: ReviewService, make_turn: MakeTurn, sam: User
) -> None:
    turn = make_turn()
    ReviewQueueService().add(turn_ids=[turn.pk], why="sample", now=NOW)
    change = service.judge(turn_id=turn.pk, reviewer_id=sam.pk, judged=Judged("right"), now=NOW)
    assert ReviewItem.objects.get().state == "done"
    service.undo(change_id=change.pk, reviewer_id=sam.pk, now=NOW)
    assert ReviewItem.objects.get().state == "open"


@pytest.mark.parametrize(
    "judged",
    [Judged("splendid"), Judged("wrong", "because"), Judged("wrong", right_article_id=0)],
)
def test_what_is_not_on_the_list_is_refused(
    service: ReviewService, make_turn: MakeTurn, sam: User, judged: Judged
) -> None:
    with pytest.raises(InvalidInput):
        service.judge(turn_id=make_turn().pk, reviewer_id=sam.pk, judged=judged, now=NOW)
    assert not ReviewChange.objects.exists()
