"""HoldingService: who has a conversation. Every change is one conditional UPDATE under its lock.

The conversation's holder and the escalation's agent change in one transaction, with the event that
the customer sees and the entry in the log.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce

from conversations import dispatch
from conversations.access import Agent, visible_conversation
from conversations.escalation import words
from conversations.escalation.audit import record
from conversations.escalation.desk import EscalationDeskService
from conversations.escalation.errors import (
    AgentOffline,
    AlreadyClaimed,
    NotOpen,
)
from conversations.escalation.locked import (
    changing,
    holder_of,
    require_holder,
    set_holder,
    update,
)
from conversations.escalation.schedule import load_schedule
from conversations.escalation.takeover import silence_assistant
from conversations.escalation.wait import outlook
from conversations.models import (
    AgentProfile,
    Conversation,
    ConversationEvent,
    Escalation,
    Message,
    ResolutionSurvey,
    Team,
)
from conversations.services import turns
from conversations.services.events import append_event, lock
from conversations.streaming.replay import speaker_name
from portal.core.errors import NotFound
from portal.core.service import BaseService

State = Escalation.State


class HoldingService(BaseService):
    name = "holding"

    def __init__(self, desk: EscalationDeskService | None = None) -> None:
        super().__init__()
        self.desk = desk or EscalationDeskService()

    # --- taking

    def claim(self, *, agent: Agent, conversation_id: UUID, now: datetime) -> Escalation:
        """Take a waiting conversation. Of two at once one gets it; AlreadyClaimed names who."""
        with changing(self, "claim", agent, conversation_id) as (conversation, escalation):
            if escalation.state == State.CLAIMED and escalation.agent_id == agent.id:
                return escalation
            if not self._take(conversation, escalation, agent.id, now):
                raise AlreadyClaimed(**holder_of(escalation))
            _is_there(agent.id, now)
            record(action="escalation.claimed", now=now, actor=agent.id, escalation=escalation)
        return escalation

    def assign(self, *, escalation: Escalation, agent_id: int, now: datetime) -> bool:
        """Give a waiting conversation to an agent automatically. False: it waits no more."""
        with self.operation("assign"), transaction.atomic():
            conversation = lock(escalation.conversation_id)
            if not self._take(conversation, escalation, agent_id, now):
                return False
            AgentProfile.objects.filter(user_id=agent_id).update(assigned_at=now)
            record(action="escalation.assigned", now=now, escalation=escalation, agent=agent_id)
        dispatch.ring_doorbell(escalation.conversation_id)
        return True

    def _take(
        self, conversation: Conversation, escalation: Escalation, agent_id: int, now: datetime
    ) -> bool:
        promise = load_schedule(now)
        seconds = promise.promise(escalation.priority).next_response
        taken = Escalation.objects.filter(pk=escalation.pk, state=State.WAITING).update(
            state=State.CLAIMED,
            agent_id=agent_id,
            claimed_at=now,
            first_claimed_at=Coalesce("first_claimed_at", now),
            awaiting_since=Coalesce("awaiting_since", now),
            next_response_due=promise.calendar.add(now, seconds),
        )
        escalation.refresh_from_db()
        if taken == 1:
            silence_assistant(conversation=conversation, now=now)
            self._hold(conversation, agent_id, now)
        return taken == 1

    def _hold(self, conversation: Conversation, agent_id: int, now: datetime) -> None:
        """Make an agent the one speaker, and say who it is."""
        user = get_user_model().objects.select_related("agent_profile").get(pk=agent_id)
        set_holder(
            conversation, Conversation.Holder.AGENT, agent_id, Conversation.Status.WITH_AGENT
        )
        append_event(
            conversation=conversation,
            kind=ConversationEvent.Type.STATUS,
            now=now,
            payload={
                "status": Conversation.Status.WITH_AGENT,
                "agent": {"name": speaker_name(user)},
            },
        )

    # --- letting go

    def release(
        self, *, agent: Agent, conversation_id: UUID, now: datetime, team_id: int | None = None
    ) -> Escalation:
        """Back to the queue, of a team if one is named. The customer is told."""
        with changing(self, "release", agent, conversation_id) as (conversation, escalation):
            require_holder(agent, escalation)
            moved: dict[str, Any] = {"team_id": team_id} if team_id else {}
            self._return(conversation, escalation, now, **moved)
            action = "escalation.transferred" if team_id else "escalation.released"
            record(action=action, now=now, actor=agent.id, escalation=escalation, **moved)
        return escalation

    def lose(self, *, escalation_id: UUID, conversation_id: UUID, cause: str, still: Q,
             now: datetime) -> bool:  # fmt: skip
        """Take a conversation from an agent who is gone or late. False: not so any more."""
        with self.operation("lose"), transaction.atomic():
            conversation = lock(conversation_id)
            escalation = (
                Escalation.objects.filter(still, pk=escalation_id, state=State.CLAIMED)
                .select_related("agent__agent_profile")
                .first()
            )
            if escalation is None:
                return False
            lost_by = escalation.agent_id
            self._return(conversation, escalation, now)
            record(
                action="escalation.lost", now=now, escalation=escalation, cause=cause,
                agent=lost_by,
            )  # fmt: skip
        dispatch.ring_doorbell(conversation_id)
        return True

    def _return(
        self, conversation: Conversation, escalation: Escalation, now: datetime, **moved: Any
    ) -> None:
        name = speaker_name(escalation.agent)
        update(
            escalation,
            state=State.WAITING,
            agent=None,
            claimed_at=None,
            snoozed_until=None,
            next_response_due=None,
            awaiting_since=Coalesce("awaiting_since", now),
            **moved,
        )
        set_holder(conversation, Conversation.Holder.NOBODY, None, Conversation.Status.WAITING)
        view = outlook(escalation, schedule=load_schedule(now), now=now)
        text = words.back_in_queue(view, name=name, zone=settings.CONFIG.desk_timezone)
        self.desk.tell_waiting(conversation, view, text, now)

    def transfer(
        self,
        *,
        agent: Agent,
        conversation_id: UUID,
        now: datetime,
        to_agent: int = 0,
        to_team: int | None = None,
    ) -> Escalation:
        """To a colleague, who holds it from then on, or to the queue of a team."""
        if to_team is not None:
            if not Team.objects.filter(pk=to_team).exists():
                raise NotFound
            return self.release(
                agent=agent, conversation_id=conversation_id, now=now, team_id=to_team
            )
        target = AgentProfile.objects.filter(user_id=to_agent, user__is_active=True).first()
        if target is None:
            raise NotFound
        if target.availability == AgentProfile.Availability.OFFLINE:
            raise AgentOffline
        with changing(self, "transfer", agent, conversation_id) as (conversation, escalation):
            require_holder(agent, escalation)
            update(escalation, agent_id=target.user_id, claimed_at=now, snoozed_until=None)
            self._hold(conversation, target.user_id, now)
            record(
                action="escalation.transferred", now=now, actor=agent.id, escalation=escalation,
                agent=target.user_id,
            )  # fmt: skip
        return escalation

    def hand_back(self, *, agent: Agent, conversation_id: UUID, now: datetime) -> Escalation:
        """Let the assistant speak again; it answers what the customer still waits for."""
        with changing(self, "hand_back", agent, conversation_id) as (conversation, escalation):
            require_holder(agent, escalation)
            update(escalation, state=State.WITHDRAWN, ended_at=now, **_STILL)
            set_holder(conversation, Conversation.Holder.ASSISTANT, None, Conversation.Status.OPEN)
            append_event(
                conversation=conversation,
                kind=ConversationEvent.Type.STATUS,
                now=now,
                payload={"status": Conversation.Status.OPEN},
            )
            self._answer_last(conversation, now)
            record(action="escalation.handed_back", now=now, actor=agent.id, escalation=escalation)
        return escalation

    def _answer_last(self, conversation: Conversation, now: datetime) -> None:
        said = Message.objects.filter(conversation=conversation).exclude(
            author=Message.Author.SYSTEM
        )
        last = said.order_by("-seq").first()
        if last is not None and last.author == Message.Author.CUSTOMER:
            turn = turns.open_turn(conversation=conversation, question=last, now=now)
            transaction.on_commit(lambda: dispatch.ring(turn.id))

    # --- ending

    def resolve(self, *, agent: Agent, conversation_id: UUID, now: datetime) -> Escalation:
        """Done; the customer is asked whether it was."""
        with changing(self, "resolve", agent, conversation_id) as (conversation, escalation):
            require_holder(agent, escalation)
            name = speaker_name(escalation.agent)
            self.end(conversation, escalation, now, text=words.resolved(name))
            record(action="escalation.resolved", now=now, actor=agent.id, escalation=escalation)
        return escalation

    def end(
        self,
        conversation: Conversation,
        escalation: Escalation,
        now: datetime,
        *,
        text: str,
        status: str = Conversation.Status.RESOLVED,
    ) -> None:
        """Resolve in a locked conversation and ask the customer the two questions."""
        update(escalation, state=State.RESOLVED, ended_at=now, **_STILL)
        survey = ResolutionSurvey.objects.create(
            escalation=escalation, conversation=conversation, asked_at=now
        )
        set_holder(conversation, Conversation.Holder.ASSISTANT, None, status)
        append_event(
            conversation=conversation,
            kind=ConversationEvent.Type.STATUS,
            now=now,
            payload={
                "status": status,
                "survey": {"id": str(survey.pk), "asks": ["solved", "score"]},
            },
        )
        self.desk.tell(conversation, text, now)

    def reopen(self, *, agent: Agent, conversation_id: UUID, now: datetime) -> Escalation:
        """An agent takes a resolved conversation up again and holds it."""
        visible_conversation(agent, conversation_id)
        with self.operation("reopen"), transaction.atomic():
            conversation = lock(conversation_id)
            former = Escalation.objects.ended().filter(conversation=conversation)
            last = former.select_related("team").order_by("-ended_at").first()
            if last is None:
                raise NotOpen
            self.desk.reopen(conversation=conversation, former=last, now=now)
        return self.claim(agent=agent, conversation_id=conversation_id, now=now)


_STILL: dict[str, Any] = {
    "awaiting_since": None, "next_response_due": None, "snoozed_until": None,
}  # fmt: skip


def _is_there(agent_id: int, now: datetime) -> None:
    """Who claims is there, whatever their page says."""
    profile = AgentProfile.objects.filter(user_id=agent_id)
    profile.update(seen_at=now)
    profile.filter(availability=AgentProfile.Availability.OFFLINE).update(
        availability=AgentProfile.Availability.ONLINE
    )
