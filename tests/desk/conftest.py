"""People at the desk and customers who wait, for the desk's tests."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from conversations import access
from conversations.access import Agent
from conversations.models import AgentProfile, Team
from conversations.services.intake import IntakeService, NewConversation

MakeAgent = Callable[..., Agent]


@dataclass(frozen=True)
class Waiting:
    """A conversation that waits for a person, and what its customer holds."""

    id: uuid.UUID
    token: str


@pytest.fixture
def make_agent(db: None) -> MakeAgent:
    def make(
        username: str, role: str = "agent", *, team: Team | None = None, **profile: Any
    ) -> Agent:
        user = get_user_model().objects.create_user(username, password="open sesame")
        user.groups.add(Group.objects.get(name=role))
        fields = {"availability": "online", "seen_at": timezone.now(), **profile}
        row = AgentProfile.objects.create(user=user, name=username.title(), **fields)
        if team is not None:
            row.teams.add(team)
        return access.desk_agent(get_user_model().objects.get(pk=user.pk))

    return make


@pytest.fixture
def mira(make_agent: MakeAgent) -> Agent:
    return make_agent("mira")


@pytest.fixture
def noor(make_agent: MakeAgent) -> Agent:
    return make_agent("noor")


@pytest.fixture
def boss(make_agent: MakeAgent) -> Agent:
    return make_agent("boss", "supervisor")


def write(conversation_id: uuid.UUID, text: str = "hello?") -> Any:
    return IntakeService().post_message(
        conversation_id=conversation_id, client_id=uuid.uuid4(), text=text, now=timezone.now()
    )


@pytest.fixture
def new_conversation(db: None) -> NewConversation:
    return IntakeService().open_conversation()


@pytest.fixture
def waiting(new_conversation: NewConversation) -> Waiting:
    """The customer asked something, and then for a person."""
    write(new_conversation.id, "Where is my parcel?")
    IntakeService().request_person(conversation_id=new_conversation.id, now=timezone.now())
    return Waiting(new_conversation.id, new_conversation.token)
