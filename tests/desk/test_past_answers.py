"""Past answers are found by rare words and by common ones, all words first."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from conversations.access import Agent
from conversations.escalation import said
from conversations.escalation.holding import HoldingService
from conversations.escalation.lookup import past_answers
from conversations.escalation.queue import parse, read_queue
from conversations.escalation.speech import SpeechService
from conversations.models import Escalation, Team
from conversations.services.intake import IntakeService
from tests.desk.conftest import MakeAgent, write

pytestmark = pytest.mark.django_db(transaction=True)
SAID = (
    ("My teapot drips", "The spout wants a drop of oil."),
    ("My teapot is blue", "That is how it should be."),
    ("A kettle drips", "Tighten the lid."),
)


def resolved(agent: Agent, question: str, answer: str) -> uuid.UUID:
    conversation = IntakeService().open_conversation().id
    now = timezone.now()
    write(conversation, question)
    IntakeService().request_person(conversation_id=conversation, now=now)
    holding = HoldingService()
    holding.claim(agent=agent, conversation_id=conversation, now=now)
    SpeechService().send(
        agent=agent, conversation_id=conversation, client_id=uuid.uuid4(), text=answer, now=now
    )
    holding.resolve(agent=agent, conversation_id=conversation, now=now)
    return conversation


def answers(agent: Agent, words: str) -> list[Any]:
    return [found["answer"] for found in past_answers(agent, words)["conversations"]]


@pytest.mark.parametrize("common", [0, 1_000])
def test_who_says_all_the_words_comes_before_who_says_one(
    mira: Agent, monkeypatch: pytest.MonkeyPatch, common: int
) -> None:
    monkeypatch.setattr(said, "COMMON", common)  # 0: lately said is enough; 1,000: by the index
    for question, answer in SAID:
        resolved(mira, question, answer)
    waiting = IntakeService().open_conversation().id
    write(waiting, "My teapot drips too")
    IntakeService().request_person(conversation_id=waiting, now=timezone.now())
    found = answers(mira, 'my "teapot drips')
    assert found[0] == "The spout wants a drop of oil."
    assert sorted(found[1:]) == ["That is how it should be.", "Tighten the lid."]
    assert answers(mira, "zeppelin") == answers(mira, " ") == answers(mira, '"') == []
    rows = read_queue(mira, parse({"view": "resolved", "q": "kettle"}), timezone.now())["rows"]
    assert [row["preview"] for row in rows] == ["A kettle drips"]


@pytest.mark.parametrize("common", [0, 1_000])
def test_another_teams_answers_are_not_found(
    mira: Agent, make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch, common: int
) -> None:
    monkeypatch.setattr(said, "COMMON", common)
    billing = Team.objects.create(name="Billing", slug="billing")
    resolved(make_agent("bill", team=billing), *SAID[0])
    Escalation.objects.update(team=billing)
    assert answers(mira, "teapot") == []
