"""Programs, customers and people who call the REST interface."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from conversations.models import AgentProfile, Scope, Team
from conversations.services.api_tokens import ApiTokenService, NewToken
from conversations.services.intake import IntakeService, NewConversation

MakeToken = Callable[..., NewToken]
MakeClient = Callable[..., Client]


def calling(secret: str) -> Client:
    """A client that shows a token or a conversation's key."""
    return Client(headers={"authorization": f"Bearer {secret}"})


@pytest.fixture
def make_token(db: None) -> MakeToken:
    def make(*scopes: str, days: int | None = None) -> NewToken:
        wanted = scopes or tuple(Scope.values)
        return ApiTokenService().make(name="a test", scopes=wanted, now=timezone.now(), days=days)

    return make


@pytest.fixture
def program(make_token: MakeToken) -> Client:
    """A program that may do everything."""
    return calling(make_token().secret)


@pytest.fixture
def log_in(db: None) -> MakeClient:
    def make(username: str, role: str = "agent", *, team: Team | None = None) -> Client:
        user = get_user_model().objects.create_user(username, password="open sesame")
        user.groups.add(Group.objects.get(name=role))
        profile = AgentProfile.objects.create(user=user, name=username.title())
        if team is not None:
            profile.teams.add(team)
        client = Client(enforce_csrf_checks=True)
        client.force_login(user)
        return client

    return make


@pytest.fixture
def conversation(db: None) -> NewConversation:
    return IntakeService().open_conversation()


def write(conversation_id: uuid.UUID, text: str = "hello?") -> Any:
    return IntakeService().post_message(
        conversation_id=conversation_id, client_id=uuid.uuid4(), text=text, now=timezone.now()
    )
