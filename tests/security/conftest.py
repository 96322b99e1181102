"""A conversation of one team, and everybody who may knock at it."""

import uuid
from dataclasses import dataclass

import pytest
from django.test import Client
from django.utils import timezone

from conversations.models import (
    Article,
    CannedReply,
    Conversation,
    Escalation,
    MemoryFact,
    Team,
    Turn,
)
from conversations.services.intake import IntakeService
from tests.security import people


@dataclass(frozen=True)
class World:
    """`values` fill names in addresses; `objects` are the ids of one row of each model."""

    clients: dict[str, Client]
    conversation: uuid.UUID
    token: str
    team: Team
    values: dict[str, str]
    objects: dict[str, str]


@pytest.fixture
def world(db: None) -> World:
    intake = IntakeService()
    opened, other = intake.open_conversation(), intake.open_conversation()
    now = timezone.now()
    intake.post_message(
        conversation_id=opened.id, client_id=uuid.uuid4(), text="Where is my parcel?", now=now
    )
    intake.request_person(conversation_id=opened.id, now=now)
    team = Team.objects.create(name="Billing", slug="billing")
    other_team = Team.objects.create(name="Shipping", slug="shipping")
    Escalation.objects.update(team=team)
    article = Article.objects.create(
        external_id="a", slug="returns", title="Returns", body="30 days.", digest="x"
    )
    reply = CannedReply.objects.create(shortcut="b", title="b", body="b", team=team)
    fact = MemoryFact.objects.create(conversation_id=opened.id, kind="name", value="Jo")
    clients = people.clients(team, other_team, other.token)
    return World(
        clients=clients,
        conversation=opened.id,
        token=opened.token,
        team=team,
        values={
            "conversation_id": str(opened.id),
            "turn_id": str(Turn.objects.values_list("pk", flat=True).first() or uuid.UUID(int=7)),
            "reply_id": str(reply.pk),
            "escalation_id": str(Escalation.objects.values_list("pk", flat=True).get()),
            "fact_id": str(fact.pk),
            "action": "claim",
            "slug": article.slug,
            "article_id": str(article.pk),
            # A type of no row: after tests that empty tables the numbers of types are others.
            "content_type_id": "0",
        },
        objects=_first_rows(),
    )


def _first_rows() -> dict[str, str]:
    from django.contrib import admin

    found = {}
    for model in admin.site._registry:
        first = model._default_manager.values_list("pk", flat=True).first()
        if first is not None:
            found[model._meta.label_lower] = str(first)
    assert Conversation._meta.label_lower in found
    return found
