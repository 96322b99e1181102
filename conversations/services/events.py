"""Durable events: the one place that allocates sequence numbers.

Call it inside a transaction that holds the conversation's row lock (`lock`), so that numbers are
gapless and in commit order.
"""

import uuid
from datetime import datetime
from typing import Any
from uuid import UUID

from conversations.models import Conversation, ConversationEvent, Message
from portal.core.errors import NotFound
from portal.core.metrics import MESSAGES


def lock(conversation_id: UUID) -> Conversation:
    """The conversation's row, locked until the transaction ends. Raises NotFound."""
    try:
        return Conversation.objects.select_for_update(of=("self",)).get(pk=conversation_id)
    except Conversation.DoesNotExist:
        raise NotFound from None


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
    event = ConversationEvent.objects.create(
        conversation=conversation,
        seq=seq,
        type=kind,
        message=message,
        payload=payload or {},
        created_at=now,
    )
    conversation.head_seq = seq
    conversation.save(update_fields=["head_seq", "updated_at", *changed])
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
    message = Message.objects.create(
        id=message_id or uuid.uuid4(),
        conversation=conversation,
        seq=conversation.head_seq + 1,
        author=author,
        client_id=client_id,
        user_id=user_id,
        text=text,
        created_at=now,
    )
    append_event(
        conversation=conversation,
        kind=_EVENT_OF[author],
        now=now,
        message=message,
        changed=changed,
    )
    MESSAGES.labels(author).inc()
    return message


_EVENT_OF: dict[str, str] = {
    Message.Author.CUSTOMER: ConversationEvent.Type.MESSAGE_ACCEPTED,
    Message.Author.ASSISTANT: ConversationEvent.Type.REPLY_DONE,
    Message.Author.AGENT: ConversationEvent.Type.MESSAGE_POSTED,
    Message.Author.SYSTEM: ConversationEvent.Type.MESSAGE_POSTED,
}
