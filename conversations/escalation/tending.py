"""TendingService: what agents change about a conversation without changing who has it."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Least

from conversations.access import Agent
from conversations.escalation.audit import record
from conversations.escalation.locked import changing, require_holder, update
from conversations.models import Escalation
from portal.core.errors import InvalidInput
from portal.core.service import BaseService

MAX_SNOOZE = timedelta(days=14)


class TendingService(BaseService):
    name = "tending"

    def snooze(
        self, *, agent: Agent, conversation_id: UUID, until: datetime, now: datetime
    ) -> Escalation:
        """Out of sight until a time, or until the customer writes. Nothing sleeps for ever."""
        if not now < until <= now + MAX_SNOOZE:
            raise InvalidInput
        with changing(self, "snooze", agent, conversation_id) as (_, escalation):
            require_holder(agent, escalation)
            update(escalation, snoozed_until=until)
            record(action="escalation.snoozed", now=now, actor=agent.id, escalation=escalation)
        return escalation

    def unsnooze(self, *, agent: Agent, conversation_id: UUID, now: datetime) -> Escalation:
        with changing(self, "unsnooze", agent, conversation_id) as (_, escalation):
            require_holder(agent, escalation)
            update(escalation, snoozed_until=None)
            record(action="escalation.woken", now=now, actor=agent.id, escalation=escalation)
        return escalation

    def supervise(self, *, agent: Agent, conversation_id: UUID, now: datetime) -> Escalation:
        """Ask a supervisor to look; the priority rises by one."""
        with changing(self, "supervise", agent, conversation_id) as (_, escalation):
            update(escalation, supervisor=True, priority=Least(F("priority") + 1, 5))
            record(action="escalation.supervised", now=now, actor=agent.id, escalation=escalation)
        return escalation

    def prioritise(
        self, *, agent: Agent, conversation_id: UUID, priority: int, now: datetime
    ) -> Escalation:
        if not 1 <= priority <= 5:
            raise InvalidInput
        with changing(self, "prioritise", agent, conversation_id) as (_, escalation):
            before = escalation.priority
            update(escalation, priority=priority)
            record(
                action="escalation.prioritised", now=now, actor=agent.id, escalation=escalation,
                before=before, after=priority,
            )  # fmt: skip
        return escalation
