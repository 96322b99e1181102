"""A supervisor's rules bring people in, once, and say so."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from conversations.access import Agent
from conversations.escalation.holding import HoldingService
from conversations.escalation.queue import parse, read_queue
from conversations.escalation.rules import Rule, Said, first_fit, fits
from conversations.models import (
    AuditEntry,
    Customer,
    Escalation,
    EscalationRule,
    Message,
    Team,
    Turn,
)
from conversations.services.intake import IntakeService
from conversations.services.sweeper import SweeperService
from tests.desk.conftest import Waiting, write

database = pytest.mark.django_db(transaction=True)


def rule(**fields: Any) -> EscalationRule:
    given = {"name": "Lawyers", "active": True, "priority": 5, **fields}
    return EscalationRule.objects.create(**given)


def opened() -> uuid.UUID:
    return IntakeService().open_conversation().id


@pytest.mark.parametrize(
    ("word", "text", "is_said"),
    [
        ("sue", "I will SUE you", True),
        ("sue", "a pursued issue", False),
        ("sue*", "you get sued!", True),
        ("*weiger*", "het is geweigerd", True),
        ("small claims", "see you in small\n  claims court", True),
        ("small claims", "small print and claims", False),
        ("cafe", "at the Café", True),
        ("straße", "in der STRASSE", True),
        ("3.5", "a 3,5 litre jug", True),
        ("*", "anything", False),
    ],
)
def test_words_are_whole_words_and_a_star_stands_for_letters(
    word: str, text: str, is_said: bool
) -> None:
    assert fits(Rule(1, "", words=(word,)), Said(text)) is is_said


def test_all_conditions_that_are_given_must_fit() -> None:
    said = Said("hello", topic="Payments", language="pt-BR", customer=("jo", "jo@big.example"))
    assert fits(Rule(1, "", topic="payments", language="pt", customer="@big.example"), said)
    assert not fits(Rule(1, "", topic="payments", language="en"), said)
    assert not fits(Rule(1, "", customer="@example"), said)
    assert not fits(Rule(1, ""), said)
    both = (
        Rule(1, "", words=("goodbye",)),
        Rule(2, "", words=("hello",)),
        Rule(3, "", language="pt"),
    )
    found = first_fit(both, said)
    assert found is not None
    assert found.id == 2


@given(st.text(max_size=60), st.text(max_size=200))
def test_no_words_of_anybody_break_a_rule(word: str, text: str) -> None:
    fits(Rule(1, "", words=(word,)), Said(text))


@database
def test_a_message_that_fits_brings_a_person_and_the_customer_is_told(boss: Agent) -> None:
    legal = Team.objects.create(name="Legal", slug="legal")
    rule(words=["lawyer"], team=legal, supervisor=True)
    write(opened(), "hello there")
    assert not Escalation.objects.exists()
    write(opened(), "You will hear from my lawyer.")
    found = Escalation.objects.get()
    assert (found.reason, found.priority, found.team, found.supervisor) == ("rule", 5, legal, True)
    assert "number 1 in the queue" in Message.objects.filter(author="system").get().text
    row = read_queue(boss, parse({"reason": "rule"}), timezone.now())["rows"][0]
    assert row["rule"] == "Lawyers"


@database
def test_a_rule_acts_once_in_a_conversation(mira: Agent) -> None:
    rule(words=["lawyer"])
    conversation = opened()
    write(conversation, "my lawyer!")
    write(conversation, "my lawyer, I say!")
    assert Escalation.objects.count() == 1
    now = timezone.now()
    HoldingService().claim(agent=mira, conversation_id=conversation, now=now)
    HoldingService().hand_back(agent=mira, conversation_id=conversation, now=now)
    write(conversation, "the lawyer again")
    assert not Escalation.objects.open().exists()


@database
def test_a_rule_makes_what_waits_already_more_urgent(waiting: Waiting) -> None:
    assert Escalation.objects.get().priority == 3
    rule(words=["lawyer"], supervisor=True)
    write(waiting.id, "my lawyer is told")
    write(waiting.id, "my lawyer, yes")
    found = Escalation.objects.get()
    assert (found.reason, found.priority, found.supervisor) == ("asked_for_person", 5, True)
    entry = AuditEntry.objects.get(action="escalation.prioritised")
    assert entry.details == {"rule": found.rule_id, "before": 3, "after": 5}


@database
def test_a_rule_has_its_say_when_something_else_asks_for_a_person(db: None) -> None:
    rule(customer="@big.example", priority=4)
    conversation = opened()
    customer = Customer.objects.create(identity="7", email="jo@big.example")
    IntakeService().request_person(conversation_id=conversation, now=timezone.now())
    assert Escalation.objects.get().priority == 3
    other = IntakeService().open_conversation(customer=customer.pk)
    IntakeService().request_person(conversation_id=other.id, now=timezone.now())
    found = Escalation.objects.get(conversation_id=other.id)
    assert (found.reason, found.priority) == ("asked_for_person", 4)


@database
def test_an_answer_that_comes_too_late_is_a_promise_that_was_missed() -> None:
    write(opened(), "hello?")
    Turn.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
    SweeperService().sweep(now=timezone.now())
    found = Escalation.objects.get()
    assert (found.reason, found.priority) == ("sla_breach", 4)


@database
def test_a_rule_without_a_condition_is_refused_by_the_database() -> None:
    with pytest.raises(IntegrityError, match="escalation_rule_has_a_condition"):
        rule()


@database
def test_a_supervisor_writes_a_rule_tries_it_and_puts_it_in_force(client: Client) -> None:
    user = get_user_model().objects.create_user("boss", is_staff=True)
    user.groups.add(Group.objects.get(name="supervisor"))
    client.force_login(user)
    conversation = opened()
    write(conversation, "I will <b>sue</b> you")
    write(conversation, "good morning")
    add = "/admin/conversations/escalationrule/add/"
    form = {"name": "Court", "priority": "5", "position": "1"}
    assert "at least one condition" in client.post(add, form).content.decode()
    assert "no letters" in client.post(add, form | {"words": "sue,*"}).content.decode()
    client.post(add, form | {"words": "sue, court"})
    kept = EscalationRule.objects.get()
    assert (kept.words, kept.active) == (["sue", "court"], False)
    page = client.get(f"/admin/conversations/escalationrule/{kept.pk}/change/").content.decode()
    assert "1 of the newest 2 messages" in page
    assert "I will &lt;b&gt;sue&lt;/b&gt; you" in page
    write(opened(), "I will sue")
    assert not Escalation.objects.exists()
    client.post(
        f"/admin/conversations/escalationrule/{kept.pk}/change/",
        form | {"words": "sue", "active": "on"},
    )
    write(opened(), "I will sue")
    assert Escalation.objects.get().rule == kept
