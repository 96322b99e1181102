"""What comes into the review queue, why, and in which order it is judged."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User

from conversations.models import (
    Citation,
    Escalation,
    Rating,
    ReviewDraw,
    ReviewItem,
    Turn,
)
from conversations.services.review_queue import ReviewQueueService, next_item
from conversations.services.review_verdicts import Judged, ReviewService
from portal.core.errors import InvalidInput
from tests.review.conftest import MONDAY, NOW, MakeTurn

pytestmark = pytest.mark.django_db

WEEK = date(2026, 11, 16)
Why = ReviewItem.Why


@pytest.fixture
def service() -> ReviewQueueService:
    return ReviewQueueService()


def test_last_weeks_sample_is_drawn_once_with_its_weights(
    service: ReviewQueueService, make_turn: MakeTurn
) -> None:
    for number in range(30):
        make_turn(minutes=number, decision="escalate" if number % 3 == 0 else "answer")
    make_turn(minutes=7 * 24 * 60)  # this week's
    first = service.draw_week(week=WEEK, size=12, now=NOW)
    again = service.draw_week(week=WEEK, size=25, now=NOW, seed=99)
    assert first
    assert first == again
    assert (first.population, first.size, first.seed) == (30, 12, 20261116)
    items = ReviewItem.objects.filter(draw=first)
    assert round(sum(item.weight or 0 for item in items), 6) == 30
    assert {item.stratum for item in items} == {"returns / answer / cpu", "returns / escalate / –"}


def test_filling_twice_changes_nothing(service: ReviewQueueService, make_turn: MakeTurn) -> None:
    turn = make_turn()
    assert turn.reply
    Rating.objects.create(message=turn.reply, score=-1)
    Rating.objects.update(updated_at=NOW)
    assert service.fill(now=NOW) == 1
    before = list(ReviewItem.objects.values())
    assert service.fill(now=NOW) == 0
    assert list(ReviewItem.objects.values()) == before
    assert set(ReviewItem.objects.get().why) == {"sample", "low_confidence", "thumbs_down"}


def test_greetings_are_not_drawn_and_an_empty_week_is_no_draw(
    service: ReviewQueueService, make_turn: MakeTurn
) -> None:
    turn = make_turn("hello", "Hello!", trace={"kind": "greeting"}, reason="greeting")
    Citation.objects.filter(message=turn.reply).delete()
    assert service.draw_week(week=WEEK, now=NOW) is None
    assert not ReviewDraw.objects.exists()


def test_a_week_begins_on_a_monday(service: ReviewQueueService) -> None:
    with pytest.raises(InvalidInput):
        service.draw_week(week=date(2026, 11, 17), now=NOW)


def test_a_complaint_brings_its_turn(service: ReviewQueueService, make_turn: MakeTurn) -> None:
    turn = make_turn(decision="escalate", minutes=-60 * 24 * 7)
    Escalation.objects.create(
        conversation=turn.conversation, turn=turn, reason="complaint", opened_at=NOW
    )
    service.fill(now=NOW)
    assert Why.COMPLAINT in ReviewItem.objects.get(turn=turn).why


def test_a_skipped_turn_comes_back_for_a_new_reason_only(
    service: ReviewQueueService, make_turn: MakeTurn
) -> None:
    turn = make_turn()
    service.add(turn_ids=[turn.pk], why=Why.THUMBS_DOWN, now=NOW)
    item = ReviewItem.objects.get()
    assert service.skip(items=[item.pk], now=NOW) == 1
    service.add(turn_ids=[turn.pk], why=Why.THUMBS_DOWN, now=NOW)
    assert ReviewItem.objects.get().state == "skipped"
    service.add(turn_ids=[turn.pk], why=Why.FLAGGED, now=NOW)
    assert (ReviewItem.objects.get().state, ReviewItem.objects.get().priority) == ("open", 5)


@pytest.fixture
def three(service: ReviewQueueService, make_turn: MakeTurn) -> list[ReviewItem]:
    found = []
    for number, why in enumerate((Why.THUMBS_DOWN, Why.SAMPLE, Why.FLAGGED)):
        turn = make_turn(minutes=number)
        service.add(turn_ids=[turn.pk], why=why, now=NOW)
        found.append(ReviewItem.objects.get(turn=turn))
    return found


def test_next_is_ones_own_then_the_most_urgent(
    service: ReviewQueueService, three: list[ReviewItem], sam: User, kim: User
) -> None:
    thumb, sample, flagged = three
    assert next_item(user_id=sam.pk, now=NOW) == flagged
    assert next_item(user_id=sam.pk, now=NOW, after=flagged.pk) == sample
    service.assign(items=[thumb.pk], user_id=sam.pk)
    assert next_item(user_id=sam.pk, now=NOW) == thumb
    assert next_item(user_id=kim.pk, now=NOW, after=flagged.pk) == sample


def test_snoozed_turns_wait_and_judged_ones_are_gone(
    service: ReviewQueueService, three: list[ReviewItem], sam: User
) -> None:
    service.snooze(items=[three[2].pk], until=NOW + timedelta(hours=1))
    assert next_item(user_id=sam.pk, now=NOW) == three[1]
    ReviewService().judge(
        turn_id=three[1].turn_id, reviewer_id=sam.pk, judged=Judged("right"), now=NOW
    )
    assert next_item(user_id=sam.pk, now=NOW) == three[0]
    assert next_item(user_id=sam.pk, now=NOW + timedelta(hours=2)) == three[2]


def test_a_turn_that_wants_two_verdicts_stays_for_somebody_else(
    three: list[ReviewItem], sam: User, kim: User
) -> None:
    item = three[2]
    ReviewItem.objects.filter(pk=item.pk).update(wanted=2)
    review = ReviewService()
    review.judge(turn_id=item.turn_id, reviewer_id=sam.pk, judged=Judged("right"), now=NOW)
    assert next_item(user_id=sam.pk, now=NOW) == three[1]
    assert next_item(user_id=kim.pk, now=NOW) == item
    review.judge(turn_id=item.turn_id, reviewer_id=kim.pk, judged=Judged("wrong"), now=NOW)
    item.refresh_from_db()
    assert (item.state, item.closed_at) == ("done", NOW)


def test_what_an_agent_flags_is_in_the_queue(
    make_turn: MakeTurn, sam: User, cached: Callable[[Turn], object]
) -> None:
    from conversations import access
    from conversations.escalation.speech import SpeechService

    turn = make_turn()
    SpeechService().flag(
        agent=access.desk_agent(sam), conversation_id=turn.conversation_id, now=MONDAY
    )
    item = ReviewItem.objects.get()
    assert (item.turn_id, item.why, item.flagged_by) == (turn.pk, ["flagged"], sam)
    assert isinstance(item.turn_id, uuid.UUID)
