"""Durable events: the one place that allocates sequence numbers.

Call it inside a transaction that holds the conversation's row lock (`lock`), so that numbers are
gapless and in commit order.
"""

import uuid
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from conversations.models import Conversation, ConversationEvent, Message
from conversations.tables import CONVERSATIONS, EVENTS, MESSAGES
from portal.core import metrics
from portal.core.errors import NotFound


def lock(conversation_id: UUID) -> Conversation:
    """The conversation's row, locked until the transaction ends. Raises NotFound.

    Outside of a transaction it would hold nothing: that is a fault of the caller."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("lock() needs a transaction")
    rows = CONVERSATIONS.read("id = %s FOR UPDATE", [conversation_id])
    if not rows:
        raise NotFound
    return rows[0]


def append_event(
    *,
    conversation: Conversation,
    kind: str,
    now: datetime,
    message: Message | None = None,
    payload: dict[str, Any] | None = None,
    changed: tuple[str, ...] = (),
) -> ConversationEvent:
    """Write the next event of a locked conversation, and its fields that the caller changed."""
    seq = conversation.head_seq + 1
    event = ConversationEvent(
        conversation=conversation,
        seq=seq,
        type=kind,
        message=message,
        payload=payload or {},
        created_at=now,
    )
    EVENTS.insert([event])
    conversation.head_seq, conversation.updated_at = seq, timezone.now()
    fields = {name: getattr(conversation, name) for name in ("head_seq", "updated_at", *changed)}
    CONVERSATIONS.update("id = %s", [conversation.pk], **fields)
    return event


def append_message(
    *,
    conversation: Conversation,
    author: str,
    text: str,
    now: datetime,
    client_id: UUID | None = None,
    message_id: UUID | None = None,
    user_id: int | None = None,
    changed: tuple[str, ...] = (),
) -> Message:
    """Write a message and its event, both under the next sequence number. `changed`: fields of the
    conversation that are to be saved with that number."""
    message = Message(
        id=message_id or uuid.uuid4(),
        conversation=conversation,
        seq=conversation.head_seq + 1,
        author=author,
        client_id=client_id,
        user_id=user_id,
        text=text,
        created_at=now,
    )
    MESSAGES.insert([message])
    append_event(
        conversation=conversation,
        kind=_EVENT_OF[author],
        now=now,
        message=message,
        changed=changed,
    )
    metrics.MESSAGES.labels(author).inc()
    return message


_EVENT_OF: dict[str, str] = {
    Message.Author.CUSTOMER: ConversationEvent.Type.MESSAGE_ACCEPTED,
    Message.Author.ASSISTANT: ConversationEvent.Type.REPLY_DONE,
    Message.Author.AGENT: ConversationEvent.Type.MESSAGE_POSTED,
    Message.Author.SYSTEM: ConversationEvent.Type.MESSAGE_POSTED,
}
