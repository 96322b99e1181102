"""Who gets a waiting conversation: skills, languages, capacity, then the least loaded in turn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from conversations.escalation.holding import HoldingService
from conversations.escalation.load import load_of
from conversations.models import AgentProfile, Escalation
from portal import limits
from portal.core.service import BaseService

BATCH = 50


@dataclass(frozen=True)
class Candidate:
    """An agent who is online and takes conversations automatically."""

    id: int
    teams: frozenset[int]
    skills: frozenset[str]
    languages: frozenset[str]
    capacity: int
    load: int
    assigned_at: datetime | None


@dataclass(frozen=True)
class Need:
    """What a conversation asks of its agent. Empty strings ask nothing."""

    team: int | None = None
    topic: str = ""
    language: str = ""
    preferred: int | None = None


def choose(need: Need, candidates: Sequence[Candidate]) -> Candidate | None:
    """The best fit with room. None: nobody fits; the conversation waits for a click.

    Team and language must fit (an agent without languages speaks any). The former agent comes
    first, then who has the skill of the topic, then the least loaded, then who waited longest.
    """
    fitting = [agent for agent in candidates if _fits(need, agent)]
    return min(fitting, key=lambda agent: _rank(need, agent), default=None)


def _fits(need: Need, agent: Candidate) -> bool:
    return (
        agent.load < agent.capacity
        and (need.team is None or need.team in agent.teams)
        and (not need.language or not agent.languages or need.language in agent.languages)
    )


def _rank(need: Need, agent: Candidate) -> tuple[bool, bool, float, float, int]:
    waited_since = agent.assigned_at.timestamp() if agent.assigned_at else 0.0
    return (
        agent.id != need.preferred,
        not need.topic or need.topic.lower() not in agent.skills,
        agent.load / agent.capacity,
        waited_since,
        agent.id,
    )


class AssignmentService(BaseService):
    name = "assignment"

    def __init__(self, holding: HoldingService | None = None) -> None:
        super().__init__()
        self.holding = holding or HoldingService()

    def assign_waiting(self, *, now: datetime) -> int:
        """Give out what waits to who is free, in the order of the queue. Returns how many."""
        candidates = {agent.id: agent for agent in self._candidates(now)}
        if not candidates:
            return 0
        given = 0
        with self.operation("assign_waiting"):
            for escalation in Escalation.objects.waiting()[:BATCH]:
                need = Need(
                    escalation.team_id,
                    escalation.topic,
                    escalation.language,
                    escalation.preferred_agent_id,
                )
                agent = choose(need, list(candidates.values()))
                if agent is None:
                    continue
                if self.holding.assign(escalation=escalation, agent_id=agent.id, now=now):
                    candidates[agent.id] = replace(agent, load=agent.load + 1, assigned_at=now)
                    given += 1
        return given

    def _candidates(self, now: datetime) -> list[Candidate]:
        profiles: Any = (
            AgentProfile.objects.online(now=now, seconds=limits.AGENT_SEEN)
            .filter(takes_automatically=True, capacity__gt=0)
            .annotate(load=load_of(snoozed_until__isnull=True))
            .prefetch_related("teams")
        )
        return [
            Candidate(
                id=profile.user_id,
                teams=frozenset(team.pk for team in profile.teams.all()),
                skills=frozenset(skill.lower() for skill in profile.skills),
                languages=frozenset(profile.languages),
                capacity=profile.capacity,
                load=profile.load,
                assigned_at=profile.assigned_at,
            )
            for profile in profiles
        ]
