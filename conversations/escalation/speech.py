"""SpeechService: what agents write: words to the customer, notes among themselves, drafts.

Only the holder speaks to the customer; the check stands under the conversation's lock, and the
database refuses the event of anybody else (event_agent_is_holder).
"""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce

from conversations import dispatch
from conversations.access import Agent, visible_conversation
from conversations.escalation import people
from conversations.escalation.audit import record
from conversations.escalation.errors import NotHolder
from conversations.models import (
    AgentDraft,
    AgentProfile,
    Conversation,
    Escalation,
    Follow,
    Message,
    Note,
    ReviewItem,
    Turn,
)
from conversations.services.events import append_message, lock
from conversations.services.review_queue import ReviewQueueService
from conversations.streaming.frames import FrameError, clean_text
from portal import limits
from portal.core.errors import InvalidInput, NotFound
from portal.core.service import BaseService

_MENTION = re.compile(r"(?<![\w@])@([\w.+-]+)")


class Empty(InvalidInput):
    """Please type something first."""

    code = "empty"


class TooLong(InvalidInput):
    """This is too long."""

    code = "too_long"


class SpeechService(BaseService):
    name = "speech"

    def send(
        self, *, agent: Agent, conversation_id: UUID, client_id: UUID, text: str, now: datetime
    ) -> Message:
        """Say something to the customer. The same client id is the same message.

        Raises NotHolder, with who holds it, for everybody but the holder.
        """
        text = cleaned(text)
        visible_conversation(agent, conversation_id)
        with self.operation("send"), transaction.atomic():
            conversation = lock(conversation_id)
            mine = Message.objects.filter(
                conversation=conversation, client_id=client_id, user_id=agent.id
            )
            if (known := mine.first()) is not None:
                return known
            holds = conversation.holder == Conversation.Holder.AGENT
            if not holds or conversation.agent_id != agent.id:
                raise NotHolder(holder=people.person(conversation.agent))
            message = append_message(
                conversation=conversation,
                author=Message.Author.AGENT,
                text=text,
                now=now,
                client_id=client_id,
                user_id=agent.id,
            )
            self._answered(conversation, agent, now)
            AgentDraft.objects.filter(agent_id=agent.id, conversation=conversation).delete()
            transaction.on_commit(lambda: dispatch.ring_doorbell(conversation_id))
        return message

    def _answered(self, conversation: Conversation, agent: Agent, now: datetime) -> None:
        """Stop the clocks of the answer."""
        rows = Escalation.objects.filter(conversation=conversation, state=Escalation.State.CLAIMED)
        rows.update(
            awaiting_since=None,
            next_response_due=None,
            snoozed_until=None,
            agent_wrote_at=now,
            first_response_at=Coalesce("first_response_at", now),
        )
        AgentProfile.objects.filter(user_id=agent.id).update(seen_at=now)
        record(action="agent.wrote", now=now, actor=agent.id, escalation=rows.first())

    def add_note(self, *, agent: Agent, conversation_id: UUID, text: str, now: datetime) -> Note:
        """An internal note. `@username` calls a colleague, who follows the conversation then."""
        text = cleaned(text, limits.NOTE_CHARS)
        conversation = visible_conversation(agent, conversation_id)
        with self.operation("add_note"), transaction.atomic():
            note = Note.objects.create(
                conversation=conversation, author_id=agent.id, text=text, created_at=now
            )
            names = {name.rstrip(".").lower() for name in _MENTION.findall(text)}
            called = Q(pk__in=[])
            for name in names:
                called |= Q(username__iexact=name)
            users = list(
                get_user_model().objects.filter(called, is_active=True, agent_profile__isnull=False)
            )
            note.mentions.set(users)
            Follow.objects.bulk_create(
                [Follow(agent=user, conversation=conversation) for user in users],
                ignore_conflicts=True,
            )
            record(
                action="note.added",
                now=now,
                actor=agent.id,
                escalation=latest_escalation(conversation.pk),
                conversation_id=conversation.pk,
                note=note.pk,
                mentions=[user.pk for user in users],
            )
        return note

    def save_draft(
        self, *, agent: Agent, conversation_id: UUID, text: str, now: datetime
    ) -> AgentDraft | None:
        """Keep what is typed, exactly; an empty text deletes it."""
        if len(text) > limits.MESSAGE_CHARS:
            raise TooLong
        visible_conversation(agent, conversation_id)
        with self.operation("save_draft"):
            mine: dict[str, Any] = {"agent_id": agent.id, "conversation_id": conversation_id}
            if not text:
                AgentDraft.objects.filter(**mine).delete()
                return None
            draft, _ = AgentDraft.objects.update_or_create(
                **mine, defaults={"text": text.replace("\x00", ""), "saved_at": now}
            )
            return draft

    def follow(self, *, agent: Agent, conversation_id: UUID, on: bool) -> bool:
        """Hear of a conversation that somebody else holds, or no more."""
        visible_conversation(agent, conversation_id)
        with self.operation("follow"):
            mine: dict[str, Any] = {"agent_id": agent.id, "conversation_id": conversation_id}
            if on:
                Follow.objects.get_or_create(**mine)
            else:
                Follow.objects.filter(**mine).delete()
            return on

    def flag(self, *, agent: Agent, conversation_id: UUID, now: datetime) -> None:
        """Put the assistant's last turn into the review queue. Raises NotFound without one."""
        visible_conversation(agent, conversation_id)
        with self.operation("flag"), transaction.atomic():
            lock(conversation_id)
            turn = (
                Turn.objects.filter(conversation_id=conversation_id, reply__isnull=False)
                .order_by("-accepted_at")
                .first()
            )
            if turn is None:
                raise NotFound
            ReviewQueueService().add(
                turn_ids=[turn.pk], why=ReviewItem.Why.FLAGGED, now=now, flagged_by=agent.id
            )
            record(
                action="turn.flagged",
                now=now,
                actor=agent.id,
                conversation_id=conversation_id,
                turn=str(turn.pk),
            )


def cleaned(text: str, longest: int = limits.MESSAGE_CHARS) -> str:
    """A person's words as they may be stored. Raises Empty or TooLong."""
    if len(text) > longest:
        raise TooLong
    try:
        return clean_text(text)
    except FrameError as exc:
        raise Empty(exc.detail) from exc


def latest_escalation(conversation_id: UUID) -> Escalation | None:
    return Escalation.objects.filter(conversation_id=conversation_id).order_by("-opened_at").first()
