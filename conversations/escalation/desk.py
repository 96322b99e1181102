"""EscalationDeskService: the hand-over to people. One open escalation a conversation.

This version opens and records; the desk where agents work on it comes with part 4.
"""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from conversations.models import Conversation, ConversationEvent, Escalation, Message, Turn
from conversations.services.events import append_event, append_message, lock
from portal.core.service import BaseService

_PRIORITIES = {
    Escalation.Reason.RISK: 5,
    Escalation.Reason.COMPLAINT: 4,
    Escalation.Reason.ASKED_FOR_PERSON: 3,
}


class EscalationDeskService(BaseService):
    name = "desk"

    def open(
        self, *, conversation: Conversation, reason: str, now: datetime, turn: Turn | None = None
    ) -> Escalation | None:
        """Open an escalation in a locked conversation and announce the new status.

        None: one is open already; nothing changes, nothing is announced twice.
        """
        try:
            with transaction.atomic():
                escalation = Escalation.objects.create(
                    conversation=conversation,
                    turn=turn,
                    reason=reason,
                    priority=_PRIORITIES.get(Escalation.Reason(reason), 2),
                    opened_at=now,
                )
        except IntegrityError:
            return None
        conversation.status = Conversation.Status.WAITING
        conversation.save(update_fields=["status"])
        append_event(
            conversation=conversation,
            kind=ConversationEvent.Type.STATUS,
            now=now,
            payload={
                "status": Conversation.Status.WAITING,
                "queue_position": self.position(escalation),
            },
        )
        return escalation

    def position(self, escalation: Escalation) -> int:
        """Place in the queue, from 1."""
        ahead = Escalation.objects.waiting().filter(priority__gt=escalation.priority).count()
        same = Escalation.objects.waiting().filter(
            priority=escalation.priority, opened_at__lt=escalation.opened_at
        )
        return ahead + same.count() + 1

    def request_person(self, *, conversation_id: UUID, now: datetime) -> None:
        """The customer asks for a person: recorded once, and answered with what is true."""
        with self.operation("request_person"), transaction.atomic():
            conversation = lock(conversation_id)
            opened = self.open(
                conversation=conversation, reason=Escalation.Reason.ASKED_FOR_PERSON, now=now
            )
            text = (
                _(
                    "I have passed your request on to our team. Nobody has picked it up yet; when "
                    "somebody does, they will write to you here. Until then you can go on asking "
                    "me."
                )
                if opened
                else _(
                    "Your request is with our team already. They will write to you here; until "
                    "then you can go on asking me."
                )
            )
            append_message(
                conversation=conversation, author=Message.Author.SYSTEM, text=text, now=now
            )
