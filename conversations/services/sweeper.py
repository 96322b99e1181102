"""The sweeper: no turn is forgotten, whatever happened to its wake-up or its worker.

Run every few seconds by beat; safe to run twice at once: every step is a conditional UPDATE.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext

from conversations import dispatch
from conversations.dialogue import replies
from conversations.escalation.desk import EscalationDeskService
from conversations.models import Escalation, Turn
from conversations.services import pulse, turns
from conversations.services.outcome import Outcome, finish
from conversations.services.turns import LostTurn
from portal import limits
from portal.core.events import emit
from portal.core.metrics import TURNS, TURNS_SWEPT
from portal.core.service import BaseService

#: A wake-up that never reached the broker is repeated after this; a queued one after QUEUE_WAIT.
UNPUBLISHED_SECONDS = 2.0


@dataclass(frozen=True)
class Swept:
    rung: int
    given_up: int


class SweeperService(BaseService):
    name = "sweeper"

    def __init__(self, desk: EscalationDeskService | None = None) -> None:
        super().__init__()
        self.desk = desk or EscalationDeskService()

    def sweep(self, *, now: datetime) -> Swept:
        """Ring again for turns that nobody works on; give up those past their time or attempts."""
        pulse.tick()
        with self.operation("sweep"):
            return Swept(rung=self._ring_again(now), given_up=self._give_up(now))

    def _ring_again(self, now: datetime) -> int:
        unpublished = Q(
            queued_at__isnull=True, rung_at__lt=now - timedelta(seconds=UNPUBLISHED_SECONDS)
        )
        waiting = Q(rung_at__lt=now - timedelta(seconds=limits.QUEUE_WAIT))
        silent = Q(state=Turn.State.RUNNING, lease_until__lt=Now())
        due = Turn.objects.filter(
            Q(state=Turn.State.QUEUED) & (unpublished | waiting) | silent,
            deadline_at__gt=now,
            attempts__lt=limits.MAX_ATTEMPTS,
        )
        count = 0
        for turn_id, tried in list(due.values_list("pk", "tiers_tried")[:500]):
            taken = due.filter(pk=turn_id).update(rung_at=now)
            if taken == 1:
                dispatch.ring(turn_id, tried=tried)
                TURNS_SWEPT.inc()
                emit("turn.swept", turn=str(turn_id))
                count += 1
        return count

    def _give_up(self, now: datetime) -> int:
        spent = Q(attempts__gte=limits.MAX_ATTEMPTS, lease_until__lt=Now())
        over = Turn.objects.filter(Q(deadline_at__lte=now) | spent, state__in=Turn.LIVE)
        return sum(self._end(turn, now) for turn in list(over[:100]))

    def _end(self, turn: Turn, now: datetime) -> bool:
        """Take the turn from whoever has it, and end it with the truth and an escalation."""
        taken = Turn.objects.filter(pk=turn.pk, epoch=turn.epoch, state__in=Turn.LIVE).update(
            state=Turn.State.RUNNING,
            epoch=F("epoch") + 1,
            lease_owner=turn.pk,
            lease_until=Now() + timedelta(seconds=limits.LEASE),
        )
        if taken != 1:
            return False
        lease = turns.Lease(turn.pk, turn.conversation_id, turn.pk, turn.epoch + 1)
        stream = dispatch.open_stream(turn.pk, lease.epoch)
        shown = stream.open()
        text = gettext(replies.hand_over("late"))
        outcome = Outcome(
            decision=Turn.Decision.ESCALATE,
            reason=Escalation.Reason.FAULT,
            text=f"{shown} …\n\n{text}" if shown else text,
            tier="",
            failed=True,
            error_code="late",
            hand_over=_why(turn, now),
        )
        try:
            seq = finish(lease=lease, outcome=outcome, desk=self.desk, now=now)
        except LostTurn:
            return False
        stream.end(seq)
        dispatch.ring_doorbell(turn.conversation_id)
        TURNS.labels(outcome.decision, outcome.tier, "late").inc()
        return True


def _why(turn: Turn, now: datetime) -> Escalation.Reason:
    """The time that an answer may take is over, or nobody could give one."""
    if turn.deadline_at <= now:
        return Escalation.Reason.SLA_BREACH
    return Escalation.Reason.FAULT
