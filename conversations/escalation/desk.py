"""EscalationDeskService: the hand-over to people, as the customer's side sees it.

One open escalation a conversation. Whatever opens it, the customer is told at once what happens
next. Methods that take a conversation expect it locked, inside the caller's transaction.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce

from conversations.dialogue.turn_kind import Kind, classify
from conversations.escalation import rulebook, words
from conversations.escalation.audit import record
from conversations.escalation.rules import Rule
from conversations.escalation.schedule import load_schedule
from conversations.escalation.takeover import silence_assistant
from conversations.escalation.urgency import raise_by
from conversations.escalation.wait import Outlook, outlook, position
from conversations.models import (
    Conversation,
    ConversationEvent,
    Escalation,
    Message,
    Team,
    Turn,
)
from conversations.services.events import append_event, append_message, lock
from conversations.tables import ESCALATIONS, OPEN
from portal import limits
from portal.core.errors import NotFound
from portal.core.service import BaseService
from portal.core.table import Table

_PRIORITIES = {
    Escalation.Reason.RISK: 5,
    Escalation.Reason.COMPLAINT: 4,
    Escalation.Reason.NOT_SOLVED: 4,
    Escalation.Reason.SLA_BREACH: 4,
    Escalation.Reason.ASKED_FOR_PERSON: 3,
    Escalation.Reason.REOPENED: 3,
}
_TEAMS = Table(Team, "id")
_COURTESIES = frozenset({Kind.THANKS, Kind.GOODBYE})


class EscalationDeskService(BaseService):
    name = "desk"

    def open(
        self,
        *,
        conversation: Conversation,
        reason: str,
        now: datetime,
        turn: Turn | None = None,
        former: Escalation | None = None,
        rule: Rule | None = None,
    ) -> Escalation | None:
        """Open an escalation and tell the customer what happens next.

        None: one is open already; nothing changes, nothing is announced twice. `former` is the
        escalation that this one goes on from: its team and agent come first. A rule that fits
        has its say over priority and team, whatever the reason.
        """
        rule = rule or rulebook.fitting(conversation, rulebook.last_words(conversation))
        escalation = _opened(conversation, reason, rule, former)
        escalation.turn = turn
        schedule = load_schedule(now)
        promise, calendar = schedule.promise(escalation.priority), schedule.calendar
        escalation.opened_at = escalation.awaiting_since = now
        escalation.first_response_due = calendar.add(now, promise.first_response)
        escalation.resolution_due = calendar.add(now, promise.resolution)
        view = outlook(escalation, schedule=schedule, now=now)
        escalation.expected_wait = view.expected_wait
        try:
            with transaction.atomic():
                ESCALATIONS.insert([escalation])
        except IntegrityError:
            return None
        conversation.status = Conversation.Status.WAITING
        self.tell_waiting(conversation, view, words.waiting(view, zone=_zone()), now)
        record(action="escalation.opened", now=now, escalation=escalation, reason=reason)
        return escalation

    def tell_waiting(
        self, conversation: Conversation, view: Outlook, text: str, now: datetime
    ) -> None:
        """Write the waiting status, the conversation's own too, with the outlook, and the same in
        words."""
        append_event(
            conversation=conversation,
            kind=ConversationEvent.Type.STATUS,
            now=now,
            payload={
                "status": Conversation.Status.WAITING,
                "queue_position": view.position,
                "queue": outlook_payload(view),
            },
            changed=("status",),
        )
        self.tell(conversation, text, now)

    def tell(self, conversation: Conversation, text: str, now: datetime) -> None:
        append_message(conversation=conversation, author=Message.Author.SYSTEM, text=text, now=now)

    def position(self, escalation: Escalation) -> int:
        """Place in the queue, from 1."""
        return position(escalation)

    def request_person(self, *, conversation_id: UUID, now: datetime) -> None:
        """The customer asks for a person: recorded once, and answered with what is true."""
        with self.operation("request_person"), transaction.atomic():
            conversation = lock(conversation_id)
            if conversation.holder == Conversation.Holder.AGENT:
                return  # a person is there and reads it
            opened = self.open(
                conversation=conversation, reason=Escalation.Reason.ASKED_FOR_PERSON, now=now
            )
            if opened is None:
                view = self.look(conversation, now)
                if view is not None:
                    self.tell(conversation, words.already_waiting(view, zone=_zone()), now)

    def look(self, conversation: Conversation, now: datetime) -> Outlook | None:
        """What a waiting customer can expect now. None: the customer does not wait."""
        escalation = Escalation.objects.filter(
            conversation=conversation, state=Escalation.State.WAITING
        ).first()
        if escalation is None:
            return None
        return outlook(escalation, schedule=load_schedule(now), now=now)

    def queue_look(self, *, conversation_id: UUID, now: datetime) -> dict[str, Any] | None:
        """The passing frame that answers `queue.look`. None: the customer does not wait."""
        with self.operation("queue_look"):
            conversation = Conversation.objects.filter(pk=conversation_id).first()
            view = self.look(conversation, now) if conversation else None
            return None if view is None else outlook_payload(view)

    def leave_contact(self, *, conversation_id: UUID, email: str, now: datetime) -> None:
        """Keep where the customer can be reached, and say by when they are answered."""
        with self.operation("leave_contact"), transaction.atomic():
            conversation = lock(conversation_id)
            conversation.contact_email = email
            conversation.save(update_fields=["contact_email"])
            escalation = ESCALATIONS.first(f"conversation_id = %s AND {OPEN}", [conversation.pk])
            if escalation is None:
                raise NotFound
            view = outlook(escalation, schedule=load_schedule(now), now=now)
            self.tell(conversation, words.contact_kept(view, zone=_zone()), now)
            record(action="customer.left_contact", now=now, escalation=escalation)

    def customer_wrote(self, *, conversation: Conversation, text: str, now: datetime) -> bool:
        """Let the desk know of a customer's message. True: a person will read it."""
        open_one = ESCALATIONS.first(f"conversation_id = %s AND {OPEN}", [conversation.pk])
        if open_one is not None:
            self._note_message(open_one, now)
            self.apply_rules(conversation=conversation, text=text, now=now)
            return True
        return self._came_back(conversation, text, now) or self.apply_rules(
            conversation=conversation, text=text, now=now
        )

    def _came_back(self, conversation: Conversation, text: str, now: datetime) -> bool:
        """Whether people resolved it lately, and so get it back."""
        ended = (Conversation.Status.RESOLVED, Conversation.Status.CLOSED)
        if conversation.status not in ended:
            return False
        former = (
            Escalation.objects.filter(
                conversation=conversation,
                state=Escalation.State.RESOLVED,
                ended_at__gte=now - timedelta(seconds=limits.REOPEN_WITHIN),
            )
            .select_related("team")
            .order_by("-ended_at")
            .first()
        )
        if former is None or classify(text).kind in _COURTESIES:
            return False
        self.reopen(conversation=conversation, former=former, now=now)
        return True

    def apply_rules(
        self, *, conversation: Conversation, text: str, now: datetime, turn: Turn | None = None
    ) -> bool:
        """Let the first rule that fits act. True: a person will read it.

        It opens an escalation, or makes the open one as urgent as it says. Once with the message,
        and again with the end of its turn, when language and topic are known.
        """
        rule = rulebook.fitting(conversation, text)
        if rule is None:
            return False
        open_one = ESCALATIONS.first(f"conversation_id = %s AND {OPEN}", [conversation.pk])
        if open_one is not None:
            raise_by(rule, open_one, now)
            return True
        reason = Escalation.Reason.RULE
        self.open(conversation=conversation, reason=reason, now=now, turn=turn, rule=rule)
        return True

    def reopen(
        self,
        *,
        conversation: Conversation,
        former: Escalation,
        now: datetime,
        reason: str = Escalation.Reason.REOPENED,
    ) -> Escalation | None:
        """Give a resolved conversation back to the people who had it. The assistant stays out.

        None: it is open already, and stays as it is.
        """
        if Escalation.objects.open().filter(conversation=conversation).exists():
            return None
        silence_assistant(conversation=conversation, now=now)
        conversation.holder = Conversation.Holder.NOBODY
        conversation.save(update_fields=["holder"])
        self.tell(conversation, words.reopened(), now)
        escalation = self.open(conversation=conversation, reason=reason, now=now, former=former)
        if escalation is not None:
            record(action="escalation.reopened", now=now, escalation=escalation)
        return escalation

    def _note_message(self, escalation: Escalation, now: datetime) -> None:
        """Start the clock of the next answer and end a snooze."""
        rows = Escalation.objects.filter(pk=escalation.pk)
        if escalation.state == Escalation.State.CLAIMED:
            if rows.filter(snoozed_until__isnull=False).update(snoozed_until=None):
                record(action="escalation.woken", now=now, escalation=escalation)
            schedule = load_schedule(now)
            promise = schedule.promise(escalation.priority)
            due = schedule.calendar.add(now, promise.next_response)
            rows.filter(Q(awaiting_since__isnull=True) | Q(next_response_due__isnull=True)).update(
                awaiting_since=Coalesce("awaiting_since", now),
                next_response_due=Coalesce("next_response_due", due),
            )
        record(action="customer.wrote", now=now, escalation=escalation)


def _opened(
    conversation: Conversation, reason: str, rule: Rule | None, former: Escalation | None
) -> Escalation:
    """A new escalation, without its times."""
    topic = former.topic if former else topic_of(conversation)
    priority = _PRIORITIES.get(Escalation.Reason(reason), 2)
    return Escalation(
        conversation=conversation,
        reason=reason,
        rule_id=rule.id if rule else None,
        priority=max(priority, rule.priority) if rule else priority,
        supervisor=rule is not None and rule.supervisor,
        topic=topic,
        language=conversation.language,
        team_id=_team(former, rule, topic),
        preferred_agent_id=former.agent_id if former else None,
    )


def topic_of(conversation: Conversation) -> str:
    """The shelf of the best article of the conversation's last turn that found one."""
    return rulebook.topics_of([conversation.pk]).get(conversation.pk, "")


def _team(former: Escalation | None, rule: Rule | None, topic: str) -> int | None:
    """Whose it is: the people who had it, whom the rule names, or the team of the topic."""
    if former is not None:
        return former.team_id
    if rule is not None and rule.team_id is not None:
        return rule.team_id
    team = _TEAMS.first("%s = ANY(topics) ORDER BY name", [topic]) if topic else None
    return team.pk if team else None


def outlook_payload(view: Outlook) -> dict[str, Any]:
    return {
        "position": view.position,
        "expected_wait": view.expected_wait,
        "open": view.open,
        "opens_at": view.opens_at.isoformat() if view.opens_at else None,
        "agents_online": view.agents_online,
        "ask_email": view.ask_email,
        "answer_by": view.answer_by.isoformat() if view.answer_by else None,
    }


def _zone() -> str:
    return str(settings.CONFIG.desk_timezone)
