"""ReviewQueueService: fills the review queue and moves its items.

An item is a turn, once, with every reason why it is there. Filling twice changes nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from conversations.models import Review, ReviewDraw, ReviewItem, Turn
from conversations.services import review_candidates as candidates
from conversations.services.review_sampling import Drawn, draw, shares, wants_second
from portal import limits
from portal.core.errors import InvalidInput
from portal.core.service import BaseService

State, Why = ReviewItem.State, ReviewItem.Why


class ReviewQueueService(BaseService):
    name = "review_queue"

    def fill(self, *, now: datetime) -> int:
        """Last week's sample, once, and what customers complained of lately.

        Returns how many turns came new into the queue.
        """
        with self.operation("fill"):
            before = ReviewItem.objects.count()
            monday = monday_of(now) - timedelta(days=7)
            if not ReviewDraw.objects.filter(week=monday).exists():
                self.draw_week(week=monday, now=now)
            since = now - timedelta(seconds=limits.REVIEW_LOOKS_BACK)
            self.add(turn_ids=candidates.thumbs_down(since), why=Why.THUMBS_DOWN, now=now)
            self.add(turn_ids=candidates.complaints(since), why=Why.COMPLAINT, now=now)
            return ReviewItem.objects.count() - before

    def draw_week(
        self,
        *,
        week: date,
        now: datetime,
        size: int = limits.REVIEW_SAMPLE,
        seed: int | None = None,
    ) -> ReviewDraw | None:
        """Draw the sample of the week that begins on this Monday, and its least sure answers.

        A week is drawn once; a second call returns the first draw. None: nobody asked anything.
        """
        if week.weekday() != 0 or size < 1:
            raise InvalidInput
        begin = datetime.combine(week, time(), UTC)
        end = begin + timedelta(days=7)
        seed = int(week.strftime("%Y%m%d")) if seed is None else seed
        with self.operation("draw_week"), transaction.atomic():
            population = candidates.strata(begin=begin, end=end)
            drawn = draw(population, size=size, seed=seed)
            if not drawn:
                return ReviewDraw.objects.filter(week=week).first()
            made, is_new = ReviewDraw.objects.get_or_create(
                week=week,
                defaults={
                    "seed": seed,
                    "population": len(population),
                    "size": len(drawn),
                    "strata": [
                        [str(share.stratum), share.population, share.drawn]
                        for share in shares(drawn)
                    ],
                    "drawn_at": now,
                },
            )
            if is_new:
                self._put_in(made, drawn, now)
                lowest = candidates.lowest_confidence(
                    begin=begin, end=end, most=limits.REVIEW_LOWEST
                )
                self.add(turn_ids=lowest, why=Why.LOW_CONFIDENCE, now=now)
            return made

    def _put_in(self, made: ReviewDraw, drawn: Sequence[Drawn], now: datetime) -> None:
        self.add(turn_ids=[UUID(one.turn_id) for one in drawn], why=Why.SAMPLE, now=now)
        by_turn = {UUID(one.turn_id): one for one in drawn}
        items = list(ReviewItem.objects.filter(turn_id__in=by_turn))
        for item in items:
            one = by_turn[item.turn_id]
            item.draw, item.weight, item.stratum = made, one.weight, str(one.stratum)[:120]
            if wants_second(one.turn_id, seed=made.seed, share=limits.REVIEW_TWICE):
                item.wanted = 2
        ReviewItem.objects.bulk_update(items, ["draw", "weight", "stratum", "wanted"])

    def add(
        self, *, turn_ids: Sequence[UUID], why: str, now: datetime, flagged_by: int | None = None
    ) -> None:
        """Put turns into the queue, or one more reason to those that are there.

        What was skipped comes back for a new reason; what was judged stays judged.
        """
        if not turn_ids:
            return
        urgency = ReviewItem.URGENCY[Why(why)]
        with transaction.atomic():
            known = {
                item.turn_id: item
                for item in ReviewItem.objects.select_for_update().filter(turn_id__in=turn_ids)
            }
            for item in known.values():
                if why in item.why:
                    continue
                item.why = [*item.why, why]
                item.priority = max(item.priority, urgency)
                item.flagged_by_id = item.flagged_by_id or flagged_by
                if item.state == State.SKIPPED:
                    item.state, item.closed_at = State.OPEN, None
                item.save()
            new = candidates.with_topic(
                Turn.objects.filter(pk__in=set(turn_ids) - known.keys())
            ).values_list("pk", "cited_shelf", "found_shelf")
            ReviewItem.objects.bulk_create(
                [
                    ReviewItem(
                        turn_id=turn_id,
                        why=[why],
                        priority=urgency,
                        topic=cited or found or "",
                        flagged_by_id=flagged_by,
                        added_at=now,
                    )
                    for turn_id, cited, found in new
                ],
                ignore_conflicts=True,
            )

    def skip(self, *, items: Iterable[int], now: datetime) -> int:
        """Take open items out of the queue unjudged. Returns how many were open."""
        return ReviewItem.objects.filter(pk__in=items, state=State.OPEN).update(
            state=State.SKIPPED, closed_at=now, snoozed_until=None
        )

    def reopen(self, *, items: Iterable[int]) -> int:
        """Put what was skipped back."""
        return ReviewItem.objects.filter(pk__in=items, state=State.SKIPPED).update(
            state=State.OPEN, closed_at=None
        )

    def snooze(self, *, items: Iterable[int], until: datetime) -> int:
        """Hide open items until a time."""
        return ReviewItem.objects.filter(pk__in=items, state=State.OPEN).update(snoozed_until=until)

    def assign(self, *, items: Iterable[int], user_id: int | None) -> int:
        """Give open items to one person, or (None) to whoever comes first."""
        return ReviewItem.objects.filter(pk__in=items, state=State.OPEN).update(assignee_id=user_id)


def next_item(*, user_id: int, now: datetime, after: int | None = None) -> ReviewItem | None:
    """What this person judges next: their own first, then the most urgent of nobody's."""
    mine = Q(assignee_id=user_id)
    items = (
        ReviewItem.objects.filter(mine | Q(assignee=None), state=State.OPEN)
        .filter(Q(snoozed_until=None) | Q(snoozed_until__lte=now))
        .exclude(candidates.judged_by(user_id))
    )
    if after is not None:
        items = items.exclude(pk=after)
    own_first = F("assignee").asc(nulls_last=True)
    return items.order_by(own_first, "-priority", "added_at", "id").first()


def close_if_judged(item: ReviewItem, *, now: datetime) -> None:
    """An item is done with as many verdicts as it wants, and open again with fewer."""
    enough = Review.objects.filter(turn_id=item.turn_id).count() >= item.wanted
    if enough and item.state != State.DONE:
        item.state, item.closed_at, item.snoozed_until = State.DONE, now, None
        item.save(update_fields=["state", "closed_at", "snoozed_until"])
    elif not enough and item.state == State.DONE:
        item.state, item.closed_at = State.OPEN, None
        item.save(update_fields=["state", "closed_at"])


def monday_of(moment: datetime) -> date:
    return moment.date() - timedelta(days=moment.weekday())
