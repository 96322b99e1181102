"""An escalation under its conversation's lock: how every change at the desk is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import transaction

from conversations import dispatch
from conversations.access import Agent, visible_conversation
from conversations.escalation import people
from conversations.escalation.errors import NotClaimed, NotHolder, NotOpen
from conversations.models import Conversation, Escalation
from conversations.services.events import lock
from portal.core.service import BaseService


@contextmanager
def changing(
    service: BaseService, operation: str, agent: Agent, conversation_id: UUID
) -> Iterator[tuple[Conversation, Escalation]]:
    """The locked conversation and its open escalation; the customer's sockets are rung after.

    Raises NotFound for what the agent may not see, and NotOpen where nothing is open.
    """
    visible_conversation(agent, conversation_id)
    with service.operation(operation), transaction.atomic():
        conversation = lock(conversation_id)
        yield conversation, open_one(conversation)
        transaction.on_commit(lambda: dispatch.ring_doorbell(conversation_id))


def open_one(conversation: Conversation) -> Escalation:
    escalation = (
        Escalation.objects.open()
        .filter(conversation=conversation)
        .select_related("agent__agent_profile", "team")
        .first()
    )
    if escalation is None:
        raise NotOpen
    return escalation


def require_holder(agent: Agent, escalation: Escalation) -> None:
    """The holder, or somebody who may manage what others hold."""
    if escalation.state != Escalation.State.CLAIMED:
        raise NotClaimed
    if escalation.agent_id == agent.id:
        return
    if not agent.may("manage_others"):
        raise NotHolder(holder=people.person(escalation.agent))


def holder_of(escalation: Escalation) -> dict[str, Any]:
    return {"agent": people.person(escalation.agent)}


def update(escalation: Escalation, **fields: Any) -> None:
    """Change an escalation that is still as it was read; its conversation's lock is held."""
    same = Escalation.objects.filter(pk=escalation.pk, state=escalation.state)
    if same.update(**fields) != 1:
        raise NotOpen
    escalation.refresh_from_db()


def set_holder(conversation: Conversation, holder: str, agent_id: int | None, status: str) -> None:
    conversation.holder, conversation.agent_id = holder, agent_id
    conversation.status = status
    conversation.save(update_fields=["holder", "agent", "status", "updated_at"])
