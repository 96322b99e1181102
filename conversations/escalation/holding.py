"""HoldingService: who has a conversation. Every change is one conditional UPDATE under its lock.

The conversation's holder and the escalation's agent change in one transaction, with the event that
the customer sees and the entry in the log.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Least

from conversations import dispatch
from conversations.access import Agent, visible_conversation
from conversations.escalation import people, words
from conversations.escalation.audit import record
from conversations.escalation.desk import EscalationDeskService
from conversations.escalation.errors import (
    AgentOffline,
    AlreadyClaimed,
    NotClaimed,
    NotHolder,
    NotOpen,
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
from portal.core.errors import InvalidInput, NotFound
from portal.core.service import BaseService

State = Escalation.State
MAX_SNOOZE = timedelta(days=14)


class HoldingService(BaseService):
    name = "holding"

    def __init__(self, desk: EscalationDeskService | None = None) -> None:
        super().__init__()
        self.desk = desk or EscalationDeskService()

    # --- taking

    def claim(self, *, agent: Agent, conversation_id: UUID, now: datetime) -> Escalation:
        """Take a waiting conversation. Of two at once one gets it; AlreadyClaimed names who."""
        with self._change("claim", agent, conversation_id) as (conversation, escalation):
            if escalation.state == State.CLAIMED and escalation.agent_id == agent.id:
                return escalation
            if not self._take(conversation, escalation, agent.id, now):
                raise AlreadyClaimed(**_holder(escalation))
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
        _set(conversation, Conversation.Holder.AGENT, agent_id, Conversation.Status.WITH_AGENT)
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
        with self._change("release", agent, conversation_id) as (conversation, escalation):
            _require_holder(agent, escalation)
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
        _update(
            escalation,
            state=State.WAITING,
            agent=None,
            claimed_at=None,
            snoozed_until=None,
            next_response_due=None,
            awaiting_since=Coalesce("awaiting_since", now),
            **moved,
        )
        _set(conversation, Conversation.Holder.NOBODY, None, Conversation.Status.WAITING)
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
        with self._change("transfer", agent, conversation_id) as (conversation, escalation):
            _require_holder(agent, escalation)
            _update(escalation, agent_id=target.user_id, claimed_at=now, snoozed_until=None)
            self._hold(conversation, target.user_id, now)
            record(
                action="escalation.transferred", now=now, actor=agent.id, escalation=escalation,
                agent=target.user_id,
            )  # fmt: skip
        return escalation

    def hand_back(self, *, agent: Agent, conversation_id: UUID, now: datetime) -> Escalation:
        """Let the assistant speak again; it answers what the customer still waits for."""
        with self._change("hand_back", agent, conversation_id) as (conversation, escalation):
            _require_holder(agent, escalation)
            _update(escalation, state=State.WITHDRAWN, ended_at=now, **_STILL)
            _set(conversation, Conversation.Holder.ASSISTANT, None, Conversation.Status.OPEN)
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
        with self._change("resolve", agent, conversation_id) as (conversation, escalation):
            _require_holder(agent, escalation)
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
        _update(escalation, state=State.RESOLVED, ended_at=now, **_STILL)
        survey = ResolutionSurvey.objects.create(
            escalation=escalation, conversation=conversation, asked_at=now
        )
        _set(conversation, Conversation.Holder.ASSISTANT, None, status)
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

    # --- changing

    def snooze(
        self, *, agent: Agent, conversation_id: UUID, until: datetime, now: datetime
    ) -> Escalation:
        """Out of sight until a time, or until the customer writes. Nothing sleeps for ever."""
        if not now < until <= now + MAX_SNOOZE:
            raise InvalidInput
        with self._change("snooze", agent, conversation_id) as (_, escalation):
            _require_holder(agent, escalation)
            _update(escalation, snoozed_until=until)
            record(action="escalation.snoozed", now=now, actor=agent.id, escalation=escalation)
        return escalation

    def unsnooze(self, *, agent: Agent, conversation_id: UUID, now: datetime) -> Escalation:
        with self._change("unsnooze", agent, conversation_id) as (_, escalation):
            _require_holder(agent, escalation)
            _update(escalation, snoozed_until=None)
            record(action="escalation.woken", now=now, actor=agent.id, escalation=escalation)
        return escalation

    def supervise(self, *, agent: Agent, conversation_id: UUID, now: datetime) -> Escalation:
        """Ask a supervisor to look; the priority rises by one."""
        with self._change("supervise", agent, conversation_id) as (_, escalation):
            _update(escalation, supervisor=True, priority=Least(F("priority") + 1, 5))
            record(action="escalation.supervised", now=now, actor=agent.id, escalation=escalation)
        return escalation

    def prioritise(
        self, *, agent: Agent, conversation_id: UUID, priority: int, now: datetime
    ) -> Escalation:
        if not 1 <= priority <= 5:
            raise InvalidInput
        with self._change("prioritise", agent, conversation_id) as (_, escalation):
            before = escalation.priority
            _update(escalation, priority=priority)
            record(
                action="escalation.prioritised", now=now, actor=agent.id, escalation=escalation,
                before=before, after=priority,
            )  # fmt: skip
        return escalation

    @contextmanager
    def _change(
        self, operation: str, agent: Agent, conversation_id: UUID
    ) -> Iterator[tuple[Conversation, Escalation]]:
        """The locked conversation and its open escalation; the customer's sockets are rung after.

        Raises NotFound for what the agent may not see, and NotOpen where nothing is open.
        """
        visible_conversation(agent, conversation_id)
        with self.operation(operation), transaction.atomic():
            conversation = lock(conversation_id)
            yield conversation, _open_one(conversation)
            transaction.on_commit(lambda: dispatch.ring_doorbell(conversation_id))


_STILL: dict[str, Any] = {
    "awaiting_since": None, "next_response_due": None, "snoozed_until": None,
}  # fmt: skip


def _open_one(conversation: Conversation) -> Escalation:
    escalation = (
        Escalation.objects.open()
        .filter(conversation=conversation)
        .select_related("agent__agent_profile", "team")
        .first()
    )
    if escalation is None:
        raise NotOpen
    return escalation


def _require_holder(agent: Agent, escalation: Escalation) -> None:
    """The holder, or somebody who may manage what others hold."""
    if escalation.state != State.CLAIMED:
        raise NotClaimed
    if escalation.agent_id == agent.id:
        return
    if not agent.may("manage_others"):
        raise NotHolder(holder=people.person(escalation.agent))


def _holder(escalation: Escalation) -> dict[str, Any]:
    return {"agent": people.person(escalation.agent)}


def _is_there(agent_id: int, now: datetime) -> None:
    """Who claims is there, whatever their page says."""
    profile = AgentProfile.objects.filter(user_id=agent_id)
    profile.update(seen_at=now)
    profile.filter(availability=AgentProfile.Availability.OFFLINE).update(
        availability=AgentProfile.Availability.ONLINE
    )


def _update(escalation: Escalation, **fields: Any) -> None:
    """Change an escalation that is still as it was read; its conversation's lock is held."""
    same = Escalation.objects.filter(pk=escalation.pk, state=escalation.state)
    if same.update(**fields) != 1:
        raise NotOpen
    escalation.refresh_from_db()


def _set(conversation: Conversation, holder: str, agent_id: int | None, status: str) -> None:
    conversation.holder, conversation.agent_id = holder, agent_id
    conversation.status = status
    conversation.save(update_fields=["holder", "agent", "status", "updated_at"])
