"""StaffService: whether people are there, and who they are to each other."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from conversations.access import Agent, visible_to
from conversations.escalation.audit import record
from conversations.escalation.load import load_of
from conversations.escalation.rows import iso
from conversations.escalation.schedule import load_schedule
from conversations.models import AgentProfile, Conversation, Follow, Team
from portal import limits
from portal.core.errors import InvalidInput
from portal.core.service import BaseService

#: How often a heartbeat is written at most.
HEARD_EVERY = timedelta(seconds=10)
FOLLOWED = 500


class StaffService(BaseService):
    name = "staff"

    def heard(self, *, agent: Agent, now: datetime) -> str:
        """The agent's page is there. Returns the availability.

        Who was signed off by silence, or is here for the first time, is back as before; who chose
        to be offline stays so.
        """
        mine = AgentProfile.objects.filter(user_id=agent.id)
        known = mine.values_list("availability", "returns_as", "seen_at").first()
        availability, returns_as, seen_at = known or ("offline", "", now)
        if seen_at is None or seen_at < now - HEARD_EVERY:
            mine.update(seen_at=now)
        if availability != AgentProfile.Availability.OFFLINE or not returns_as:
            return availability
        with self.operation("return"), transaction.atomic():
            away = mine.filter(availability=availability, returns_as=returns_as)
            if away.update(availability=returns_as, returns_as="", seen_at=now):
                _record(agent, returns_as, now)
        return returns_as

    def change(
        self,
        *,
        agent: Agent,
        now: datetime,
        availability: str | None = None,
        languages: Sequence[str] | None = None,
        takes_automatically: bool | None = None,
    ) -> None:
        """What an agent may change of the own profile. Raises InvalidInput."""
        fields: dict[str, Any] = {"seen_at": now}
        if availability is not None:
            if availability not in AgentProfile.Availability.values:
                raise InvalidInput
            fields |= {"availability": availability, "returns_as": ""}
        if languages is not None:
            fields["languages"] = list(dict.fromkeys(language[:12] for language in languages))[:20]
        if takes_automatically is not None:
            fields["takes_automatically"] = takes_automatically
        with self.operation("change"), transaction.atomic():
            mine = AgentProfile.objects.filter(user_id=agent.id)
            before = mine.values_list("availability", flat=True).get()
            mine.update(**fields)
            if availability is not None and availability != before:
                _record(agent, availability, now)


def _record(agent: Agent, availability: str, now: datetime) -> None:
    record(
        action="agent.availability",
        now=now,
        actor=agent.id,
        agent=agent.id,
        availability=availability,
    )


def me(agent: Agent, now: datetime) -> dict[str, Any]:
    profile: Any = (
        AgentProfile.objects.select_related("user")
        .prefetch_related("teams")
        .annotate(load=load_of())
        .get(user_id=agent.id)
    )
    calendar = load_schedule(now).calendar
    return {
        "id": agent.id,
        "name": agent.name,
        "username": profile.user.get_username(),
        "role": agent.role,
        "permissions": sorted(agent.permissions),
        "availability": profile.availability,
        "languages": profile.languages,
        "skills": profile.skills,
        "capacity": profile.capacity,
        "takes_automatically": profile.takes_automatically,
        "load": profile.load,
        "teams": [{"id": team.pk, "name": team.name} for team in profile.teams.all()],
        "follows": [str(followed) for followed in _followed(agent)],
        "hours": {"open": calendar.is_open(now), "changes_at": iso(calendar.changes_at(now))},
    }


def _followed(agent: Agent) -> QuerySet[Follow, UUID]:
    """The conversations of which the agent wants to hear and may, newest first."""
    seen = Conversation.objects.filter(visible_to(agent))
    mine = Follow.objects.filter(agent_id=agent.id, conversation__in=seen).order_by("-pk")
    return mine.values_list("conversation", flat=True)[:FOLLOWED]


def colleagues(now: datetime) -> dict[str, Any]:
    """Everybody at the desk, for transfers and mentions."""
    profiles: Any = (
        AgentProfile.objects.filter(user__is_active=True)
        .select_related("user")
        .prefetch_related("teams")
        .annotate(load=load_of())
        .order_by("name")
    )
    gone = now - timedelta(seconds=limits.AGENT_SEEN)
    return {
        "agents": [
            {
                "id": profile.user_id,
                "name": str(profile),
                "username": profile.user.get_username(),
                "availability": profile.availability
                if profile.seen_at and profile.seen_at >= gone
                else "offline",
                "load": profile.load,
                "capacity": profile.capacity,
                "teams": [team.pk for team in profile.teams.all()],
                "languages": profile.languages,
                "skills": profile.skills,
            }
            for profile in profiles
        ],
        "teams": [{"id": team.pk, "name": team.name} for team in Team.objects.all()],
    }
