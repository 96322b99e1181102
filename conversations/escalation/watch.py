"""DeskWatchService: nothing waits for ever.

Run every few seconds by beat; safe to run twice at once, because each step picks candidates and
decides again under the conversation's lock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import DatabaseError, models, transaction
from django.db.models import Exists, ExpressionWrapper, F, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Least

from conversations import dispatch
from conversations.escalation import words
from conversations.escalation.assignment import AssignmentService
from conversations.escalation.audit import record
from conversations.escalation.desk import EscalationDeskService
from conversations.escalation.holding import HoldingService
from conversations.escalation.schedule import load_schedule
from conversations.escalation.wait import outlook
from conversations.models import AgentProfile, Conversation, ConversationEvent, Escalation, Turn
from conversations.services.events import append_event, lock
from portal import limits
from portal.core.errors import ServiceError
from portal.core.metrics import SLA_BREACHES
from portal.core.service import BaseService

BATCH = 200
State = Escalation.State
#: The clocks that are watched: the column of the time by which each is due.
CLOCKS = {
    "first_response": "first_response_due",
    "next_response": "next_response_due",
    "resolution": "resolution_due",
}


#: A conversation that cannot rise any further is a supervisor's business.
_AT_THE_TOP = ExpressionWrapper(
    Q(priority__gte=4) | Q(supervisor=True), output_field=models.BooleanField()
)


@dataclass(frozen=True)
class Watched:
    lost: int
    breached: int
    woken: int
    closed: int
    assigned: int


class DeskWatchService(BaseService):
    name = "desk_watch"

    def __init__(self) -> None:
        super().__init__()
        self.desk = EscalationDeskService()
        self.holding = HoldingService(self.desk)
        self.assignment = AssignmentService(self.holding)

    def watch(self, *, now: datetime) -> Watched:
        with self.operation("watch"):
            self._sign_off_silent(now)
            breached = sum(self._breach(clock, now) for clock in CLOCKS)
            return Watched(
                lost=self._take_from_gone(now) + self._take_from_late(now),
                breached=breached,
                woken=self._wake(now),
                closed=self._close_left(now) + self._close_idle(now),
                assigned=self.assignment.assign_waiting(now=now),
            )

    def _sign_off_silent(self, now: datetime) -> None:
        """An agent whose page is gone is offline, and everybody sees it."""
        silent = AgentProfile.objects.exclude(
            availability=AgentProfile.Availability.OFFLINE
        ).filter(seen_at__lt=now - timedelta(seconds=limits.AGENT_GONE))
        for profile in list(silent[:BATCH]):
            with transaction.atomic():
                if silent.filter(pk=profile.pk).update(
                    availability=AgentProfile.Availability.OFFLINE, returns_as=F("availability")
                ):
                    record(
                        action="agent.availability", now=now, agent=profile.user_id,
                        availability="offline",
                    )  # fmt: skip

    def _take_from_gone(self, now: datetime) -> int:
        """Agents who went offline: back to the queue with what they hold, but not what sleeps."""
        gone = AgentProfile.objects.filter(
            user=OuterRef("agent"), availability=AgentProfile.Availability.OFFLINE
        )
        still = Q(Exists(gone), snoozed_until__isnull=True)
        return self._lose(still, "offline", now)

    def _take_from_late(self, now: datetime) -> int:
        """An answer that is overdue: somebody else may give it."""
        still = Q(awaiting_since__isnull=False, next_response_due__lt=now)
        return self._lose(still, "late", now)

    def _lose(self, still: Q, cause: str, now: datetime) -> int:
        held = Escalation.objects.filter(still, state=State.CLAIMED)
        return self._each(
            held.values_list("pk", "conversation_id"),
            lambda pk, conversation: self.holding.lose(
                escalation_id=pk, conversation_id=conversation, cause=cause, still=still, now=now
            ),
        )

    def _each(self, rows: Any, handle: Callable[[UUID, UUID], bool]) -> int:
        """Handle a batch of (escalation, conversation); one that fails does not stop the others."""
        done = 0
        for escalation_id, conversation_id in list(rows[:BATCH]):
            try:
                done += handle(escalation_id, conversation_id)
            except (ServiceError, DatabaseError):
                self.log.exception("conversation %s could not be watched", conversation_id)
        return done

    def _breach(self, clock: str, now: datetime) -> int:
        """A promise that was missed, once each: noted, and the priority rises."""
        column = CLOCKS[clock]
        waiting = Q(first_response_at__isnull=True) if clock == "first_response" else Q()
        if clock == "next_response":
            waiting = Q(awaiting_since__isnull=False)
        due = Escalation.objects.open().filter(
            waiting, ~Q(breaches__contains=[clock]), **{f"{column}__lt": now}
        )
        return self._each(
            due.values_list("pk", "conversation_id"),
            lambda pk, conversation: self._breach_one(due, pk, conversation, clock, now),
        )

    def _breach_one(
        self,
        due: QuerySet[Escalation],
        escalation_id: UUID,
        conversation_id: UUID,
        clock: str,
        now: datetime,
    ) -> bool:
        with transaction.atomic():
            conversation = lock(conversation_id)
            noted = due.filter(pk=escalation_id).update(
                breaches=_appended(clock),
                priority=Least(F("priority") + 1, 5),
                supervisor=_AT_THE_TOP,
            )
            if noted != 1:
                return False
            escalation = Escalation.objects.get(pk=escalation_id)
            record(action="escalation.breached", now=now, escalation=escalation, clock=clock)
            if clock == "first_response" and escalation.state == State.WAITING:
                view = outlook(escalation, schedule=load_schedule(now), now=now)
                text = words.still_waiting(view, zone=settings.CONFIG.desk_timezone)
                self.desk.tell_waiting(conversation, view, text, now)
        SLA_BREACHES.labels(clock).inc()
        dispatch.ring_doorbell(conversation_id)
        return True

    def _wake(self, now: datetime) -> int:
        asleep = Escalation.objects.filter(state=State.CLAIMED, snoozed_until__lte=now)
        woken = 0
        for escalation in list(asleep[:BATCH]):
            with transaction.atomic():
                if asleep.filter(pk=escalation.pk).update(snoozed_until=None):
                    record(action="escalation.woken", now=now, escalation=escalation)
                    woken += 1
        return woken

    def _close_left(self, now: datetime) -> int:
        """The agent answered and the customer is gone: close with a word and the question."""
        left = Escalation.objects.filter(
            state=State.CLAIMED,
            awaiting_since__isnull=True,
            snoozed_until__isnull=True,
            agent_wrote_at__lt=now - timedelta(seconds=limits.CUSTOMER_LEFT),
        )
        return self._each(
            left.values_list("pk", "conversation_id"),
            lambda pk, conversation: self._close_left_one(left, pk, conversation, now),
        )

    def _close_left_one(
        self, left: QuerySet[Escalation], pk: UUID, conversation_id: UUID, now: datetime
    ) -> bool:
        with transaction.atomic():
            conversation = lock(conversation_id)
            escalation = left.filter(pk=pk).first()
            if escalation is None:
                return False
            self.holding.end(
                conversation,
                escalation,
                now,
                text=words.customer_left(),
                status=Conversation.Status.CLOSED,
            )
            record(action="escalation.resolved", now=now, escalation=escalation, cause="left")
        dispatch.ring_doorbell(conversation_id)
        return True

    def _close_idle(self, now: datetime) -> int:
        """The assistant answered and the customer is gone."""
        live = Turn.objects.filter(conversation=OuterRef("pk"), state__in=Turn.LIVE)
        idle = Conversation.objects.filter(
            ~Exists(live),
            status=Conversation.Status.OPEN,
            holder=Conversation.Holder.ASSISTANT,
            head_seq__gt=0,
            updated_at__lt=now - timedelta(seconds=limits.CUSTOMER_LEFT),
        ).order_by("updated_at")
        return self._each(
            idle.values_list("pk", "pk"),
            lambda _pk, conversation: self._close_idle_one(idle, conversation, now),
        )

    def _close_idle_one(
        self, idle: QuerySet[Conversation], conversation_id: UUID, now: datetime
    ) -> bool:
        with transaction.atomic():
            conversation = lock(conversation_id)
            if not idle.filter(pk=conversation_id).exists():
                return False
            self.desk.tell(conversation, words.customer_left(), now)
            conversation.status = Conversation.Status.CLOSED
            conversation.save(update_fields=["status"])
            append_event(
                conversation=conversation,
                kind=ConversationEvent.Type.STATUS,
                now=now,
                payload={"status": Conversation.Status.CLOSED},
            )
        dispatch.ring_doorbell(conversation_id)
        return True


def _appended(clock: str) -> Func:
    return Func(
        F("breaches"),
        Value(clock),
        function="array_append",
        output_field=ArrayField(models.CharField(max_length=20)),
    )
