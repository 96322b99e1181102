"""Escalations as the desk shows them: one row, the same from every query and event."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Substr

from conversations.access import Agent
from conversations.escalation import people
from conversations.escalation.sla import Calendar, Clock, Schedule, clock
from conversations.models import Escalation, Follow, Message, Team

PREVIEW_CHARS = 140


@dataclass(frozen=True)
class Viewer:
    """For whom and when rows are made. `agent_id` None: a row for everybody (events)."""

    agent_id: int | None
    schedule: Schedule
    now: datetime


def with_preview(escalations: QuerySet[Escalation], agent_id: int | None) -> QuerySet[Escalation]:
    """What a row needs, in one query."""
    said = Message.objects.filter(
        conversation=OuterRef("conversation"), author=Message.Author.CUSTOMER
    ).order_by("-seq")
    follows = Follow.objects.filter(conversation=OuterRef("conversation"), agent_id=agent_id)
    return escalations.select_related(
        "team", "rule", "agent__agent_profile", "conversation__customer"
    ).annotate(
        preview=Subquery(said.values(cut=Substr("text", 1, PREVIEW_CHARS))[:1]),
        last_at=F("conversation__updated_at"),
        followed=Exists(follows),
    )


def rows(escalations: Iterable[Any], viewer: Viewer) -> list[dict[str, Any]]:
    return [row(escalation, viewer) for escalation in escalations]


def row(escalation: Any, viewer: Viewer) -> dict[str, Any]:
    """An escalation that came through `with_preview`, as JSON."""
    conversation = escalation.conversation
    customer = conversation.customer
    email = conversation.contact_email or (customer.email if customer else "")
    return {
        "id": str(escalation.pk),
        "conversation": str(escalation.conversation_id),
        "state": escalation.state,
        "reason": escalation.reason,
        "rule": escalation.rule.name if escalation.rule else "",
        "priority": escalation.priority,
        "topic": escalation.topic,
        "language": escalation.language,
        "team": team(escalation.team),
        "agent": people.person(escalation.agent),
        "supervisor": escalation.supervisor,
        "snoozed_until": iso(escalation.snoozed_until),
        "opened_at": iso(escalation.opened_at),
        "claimed_at": iso(escalation.claimed_at),
        "ended_at": iso(escalation.ended_at),
        "customer": {
            "name": customer.display_name if customer else "",
            "identified": customer is not None,
            "email": email,
        },
        "preview": " ".join((escalation.preview or "").split()),
        "last_at": iso(escalation.last_at),
        "awaiting_since": iso(escalation.awaiting_since),
        "sla": sla(escalation, viewer.schedule.calendar, viewer.now),
        "followed": escalation.followed,
        "holder": conversation.holder,
    }


def sla(escalation: Escalation, calendar: Calendar, now: datetime) -> dict[str, Any]:
    broken, asleep = set(escalation.breaches), escalation.snoozed_until is not None
    ended = escalation.ended_at
    first = clock(
        due=escalation.first_response_due,
        met_at=escalation.first_response_at or ended,
        broken="first_response" in broken,
        paused=asleep,
        calendar=calendar,
        now=now,
    )
    following = clock(
        due=escalation.next_response_due,
        met_at=ended,
        broken="next_response" in broken and escalation.next_response_due is not None,
        paused=asleep,
        calendar=calendar,
        now=now,
    )
    resolution = clock(
        due=escalation.resolution_due,
        met_at=ended,
        broken="resolution" in broken,
        paused=asleep,
        calendar=calendar,
        now=now,
    )
    return {
        "first_response": _clock(first),
        "next_response": _clock(following),
        "resolution": _clock(resolution),
    }


def _clock(value: Clock | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {
        "due": iso(value.due),
        "state": value.state,
        "seconds_left": value.seconds_left,
        "ticking": value.ticking,
    }


def team(value: Team | None) -> dict[str, Any] | None:
    return None if value is None else {"id": value.pk, "name": value.name}


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def allowed(agent: Agent, escalation: Escalation | None) -> list[str]:
    """What the agent can do with a conversation now: the buttons to show."""
    if escalation is None or escalation.state in ("resolved", "withdrawn"):
        return ["note", "follow", "flag", *(["reopen"] if escalation else [])]
    may = ["note", "follow", "flag", "supervise", "priority"]
    if escalation.state == Escalation.State.WAITING:
        return [*may, "claim"]
    mine = escalation.agent_id == agent.id
    if mine:
        may += ["send", "snooze", "unsnooze", "draft", "article"]
    if mine or agent.may("manage_others"):
        may += ["release", "transfer", "handback", "resolve"]
    return may
