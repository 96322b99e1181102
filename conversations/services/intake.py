"""IntakeService: what a customer does, made durable before anything else happens to it."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from conversations import dispatch
from conversations.escalation.desk import EscalationDeskService
from conversations.keys import hash_token
from conversations.models import Conversation, ConversationEvent, Message, Rating, Turn
from conversations.services import turns
from conversations.services.events import append_event, append_message, lock
from conversations.services.memory import MemoryService
from conversations.tables import MESSAGES
from portal import telemetry
from portal.core.errors import InvalidInput, NotFound
from portal.core.service import BaseService


class NotRatable(InvalidInput):
    """Only an answer of the assistant or an agent can be rated."""

    code = "not_ratable"


@dataclass(frozen=True)
class NewConversation:
    """`token` is shown once; the database holds its hash only."""

    id: UUID
    token: str


@dataclass(frozen=True)
class Accepted:
    """A message that is stored. `duplicate`: it was stored before, under the same client id.

    `head` is the conversation's last sequence number then, where the message is new.
    """

    message: Message
    duplicate: bool
    turn: Turn | None
    head: int = 0

    @property
    def message_id(self) -> UUID:
        return self.message.pk

    @property
    def seq(self) -> int:
        return self.message.seq

    @property
    def turn_id(self) -> UUID | None:
        return self.turn.pk if self.turn else None


class IntakeService(BaseService):
    name = "intake"

    def __init__(self, desk: EscalationDeskService | None = None) -> None:
        super().__init__()
        self.memory = MemoryService()
        self.desk = desk or EscalationDeskService()

    def open_conversation(
        self, *, channel: str = "web", token: str = "", customer: UUID | None = None
    ) -> NewConversation:
        """A new, empty conversation and the secret that opens it: `token`, or a new one.

        `customer` is an identified one (services/customers.py).
        """
        token = token or secrets.token_urlsafe(32)
        with self.operation("open_conversation"):
            conversation = Conversation.objects.create(
                channel=channel, token_hash=hash_token(token), customer_id=customer
            )
        return NewConversation(conversation.id, token)

    def post_message(
        self, *, conversation_id: UUID, client_id: UUID, text: str, now: datetime
    ) -> Accepted:
        """Store a customer's message and open a turn for it, in one transaction.

        The same client id is the same message, however often it is sent. The worker is rung when
        the transaction is committed.
        """
        with self.operation("post_message"), transaction.atomic():
            conversation = lock(conversation_id)
            known = MESSAGES.first(
                "conversation_id = %s AND client_id = %s", [conversation_id, client_id]
            )
            if known is not None:
                return Accepted(known, duplicate=True, turn=None)
            message = append_message(
                conversation=conversation,
                author=Message.Author.CUSTOMER,
                text=text,
                now=now,
                client_id=client_id,
            )
            if not self.desk.customer_wrote(conversation=conversation, text=text, now=now):
                self._reopen(conversation, now)
            turn = self._open_turn(conversation, message, now)
            if turn is None:  # a person reads it, and should see what is known at once
                self.memory.catch_up(conversation)
            return Accepted(message, duplicate=False, turn=turn, head=conversation.head_seq)

    def _open_turn(
        self, conversation: Conversation, message: Message, now: datetime
    ) -> Turn | None:
        """A turn for the assistant, unless a person holds the conversation."""
        if conversation.holder != Conversation.Holder.ASSISTANT:
            return None
        turn = turns.open_turn(conversation=conversation, question=message, now=now)
        if turn.state == Turn.State.QUEUED:
            transaction.on_commit(lambda: dispatch.ring(turn.id))
        transaction.on_commit(lambda: telemetry.since(turn.id, "accept", now))
        return turn

    def _reopen(self, conversation: Conversation, now: datetime) -> None:
        if conversation.status not in (Conversation.Status.RESOLVED, Conversation.Status.CLOSED):
            return
        conversation.status = Conversation.Status.OPEN
        conversation.save(update_fields=["status"])
        append_event(
            conversation=conversation,
            kind=ConversationEvent.Type.STATUS,
            now=now,
            payload={"status": Conversation.Status.OPEN},
        )

    def request_person(self, *, conversation_id: UUID, now: datetime) -> None:
        with transaction.atomic():
            self.memory.catch_up(lock(conversation_id))
            self.desk.request_person(conversation_id=conversation_id, now=now)

    def rate(self, *, conversation_id: UUID, message_id: UUID, score: int) -> None:
        """Keep the customer's thumb; the last one counts. Raises NotFound or NotRatable."""
        with self.operation("rate"):
            message = Message.objects.filter(pk=message_id, conversation_id=conversation_id).first()
            if message is None:
                raise NotFound
            if message.author not in (Message.Author.ASSISTANT, Message.Author.AGENT):
                raise NotRatable
            Rating.objects.update_or_create(message=message, defaults={"score": score})
