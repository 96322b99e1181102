"""What a conversation remembers: kept up turn by turn, corrected and erased by people."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.access import Agent
from conversations.escalation.remembering import RememberingService, UnusableFact
from conversations.models import AuditEntry, Conversation, Customer, MemoryFact, Message
from conversations.services import memory as memory_module
from conversations.services.events import append_message, lock
from conversations.services.intake import IntakeService
from conversations.services.memory import MemoryService, active
from portal.core.errors import NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_products() -> Iterator[None]:
    memory_module._products.clear()
    yield
    memory_module._products.clear()


@pytest.fixture
def conversation() -> Conversation:
    return Conversation.objects.get(pk=IntakeService().open_conversation().id)


@pytest.fixture
def agent() -> Agent:
    from django.contrib.auth import get_user_model

    user = get_user_model().objects.create_user("mira")
    may = frozenset({"work_desk", "see_all_teams"})
    return Agent(user.pk, "Mira", "agent", frozenset(), may)


def say(conversation: Conversation, *texts: str, author: str = "customer") -> None:
    for text in texts:
        locked = lock(conversation.pk)
        append_message(conversation=locked, author=author, text=text, now=timezone.now())


def read(conversation: Conversation) -> list[tuple[str, str]]:
    MemoryService().catch_up(lock(conversation.pk))
    return [(fact.kind, fact.value) for fact in active(conversation.pk)]


def test_facts_and_summary_follow_the_conversation(conversation: Conversation) -> None:
    say(conversation, "Where is order NW-20418? It should have come on 3 May.")
    assert read(conversation) == [("order_number", "NW-20418"), ("date", "3 May")]
    say(conversation, "May I have your name?", author="assistant")
    say(conversation, "Anna Smith")
    assert ("name", "Anna Smith") in read(conversation)
    known = MemoryService().recollect(conversation.pk)
    assert known.facts[0] == "order number: NW-20418"
    assert known.summary.startswith("#1 Where is order NW-20418?")
    assert known.stands_in("We will look at nw20418.")
    assert not known.stands_in("Returns take 30 days.")


def test_the_customers_own_correction_takes_the_place_of_the_old_value(
    conversation: Conversation,
) -> None:
    say(conversation, "My order is NW-20418")
    read(conversation)
    say(conversation, "no, it is NW-20419")
    assert read(conversation) == [("order_number", "NW-20419")]
    say(conversation, "NW-20418 was the wrong one, as I said")
    assert read(conversation) == [("order_number", "NW-20419")]
    fact = active(conversation.pk)[0]
    assert fact.origin == MemoryFact.Origin.CORRECTED
    assert fact.source is not None
    assert fact.source.text == "no, it is NW-20419"


def test_two_orders_are_two_facts_until_one_is_taken_back(conversation: Conversation) -> None:
    say(conversation, "My orders: order NW-20418 and order NW-20500")
    assert [value for _, value in read(conversation)] == ["NW-20418", "NW-20500"]
    say(conversation, "not NW-20418 but NW-20500")
    assert [value for _, value in read(conversation)] == ["NW-20500"]


def test_an_agents_word_stands_against_what_is_read_later(
    conversation: Conversation, agent: Agent
) -> None:
    say(conversation, "My order is NW-20418, my email is anna@example.com")
    read(conversation)
    number, mail = active(conversation.pk)
    service, now = RememberingService(), timezone.now()
    service.correct(
        agent=agent, conversation_id=conversation.pk, fact_id=number.pk, value="NW-90000", now=now
    )
    service.erase(agent=agent, conversation_id=conversation.pk, fact_id=mail.pk, now=now)
    say(conversation, "Again: order NW-20418, write to me: my email is anna@example.com")
    assert read(conversation) == [("order_number", "NW-90000")]
    assert not MemoryFact.objects.filter(value__contains="anna@").exists()
    entries = AuditEntry.objects.filter(action__startswith="memory.").order_by("id")
    assert [entry.action for entry in entries] == ["memory.corrected", "memory.erased"]
    assert "NW-" not in str([entry.details for entry in entries])  # the log has no words
    say(conversation, "sorry, the right number is NW-20555")
    assert read(conversation) == [("order_number", "NW-20555")]  # the customer insists


def test_a_correction_to_nothing_or_of_somebody_elses_fact_is_refused(
    conversation: Conversation, agent: Agent
) -> None:
    say(conversation, "My order is NW-20418")
    read(conversation)
    (fact,) = active(conversation.pk)
    other = IntakeService().open_conversation().id
    service, now = RememberingService(), timezone.now()
    with pytest.raises(UnusableFact):
        service.correct(
            agent=agent, conversation_id=conversation.pk, fact_id=fact.pk, value=" ", now=now
        )
    with pytest.raises(UnusableFact):
        service.add(agent=agent, conversation_id=conversation.pk, kind="mood", value="bad", now=now)
    with pytest.raises(NotFound):
        service.correct(agent=agent, conversation_id=other, fact_id=fact.pk, value="NW-1", now=now)
    assert [f.value for f in active(conversation.pk)] == ["NW-20418"]


def test_earlier_conversations_count_only_when_identified_and_allowed(
    conversation: Conversation, agent: Agent
) -> None:
    say(conversation, "My name is Anna Smith and my order is NW-20418")
    read(conversation)
    later = IntakeService().open_conversation().id
    across = MemoryService(across=lambda: True)
    assert across.recollect(later).facts == ()  # nobody knows that it is the same person
    customer = Customer.objects.create(identity="c-1")
    Conversation.objects.filter(pk__in=[conversation.pk, later]).update(customer=customer)
    assert MemoryService().recollect(later).facts == ()
    assert across.recollect(later).facts == (
        "order number: NW-20418 (from an earlier conversation)",
        "name: Anna Smith (from an earlier conversation)",
    )
    forgotten = RememberingService().forget(
        agent=agent, conversation_id=later, now=timezone.now(), everything=True
    )
    assert forgotten == 2
    assert across.recollect(later).facts == ()
    assert not MemoryFact.objects.filter(value__contains="Anna").exists()


def test_a_fault_in_memory_costs_memory_and_not_the_turn(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_more: object) -> tuple[()]:
        raise RuntimeError("rules")

    say(conversation, "My order is NW-20418")
    monkeypatch.setattr("conversations.services.memory.rules.find", broken)
    assert read(conversation) == []
    monkeypatch.undo()
    assert read(conversation) == [("order_number", "NW-20418")]  # it catches up later


def test_the_two_hundredth_turn_costs_what_the_second_does(conversation: Conversation) -> None:
    """Counted in queries and in rows read, which a loaded machine cannot blur."""
    costs = [cost_of_turn(conversation, number) for number in range(1, 201)]
    assert costs[199] == costs[1]
    known = MemoryService().recollect(conversation.pk)
    assert len(known.summary) < 2_000
    assert len(known.facts) <= 12
    assert Message.objects.filter(conversation=conversation).count() == 400


def cost_of_turn(conversation: Conversation, number: int) -> tuple[int, int]:
    """(queries, messages read) of keeping up with one question and its reply."""
    say(conversation, f"Why does lamp number {number} flicker? My order is NW-{20000 + number}.")
    say(conversation, f"Please tighten bulb {number}.", author="assistant")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        locked = lock(conversation.pk)
        since = locked.summary_seq
        MemoryService().catch_up(locked)
        MemoryService().recollect(conversation.pk)
    steady = [q for q in queries.captured_queries if "DELETE" not in q["sql"]]
    reads = Message.objects.filter(conversation=conversation, seq__gte=max(1, since)).count()
    return len(steady), reads


def test_a_message_to_a_person_is_remembered_at_once(conversation: Conversation) -> None:
    now = timezone.now()
    IntakeService().request_person(conversation_id=conversation.pk, now=now)
    IntakeService().post_message(
        conversation_id=conversation.pk,
        client_id=uuid.uuid4(),
        text="My order is NW-20418",
        now=now + timedelta(seconds=1),
    )
    held = Conversation.objects.get(pk=conversation.pk).holder
    if held == Conversation.Holder.ASSISTANT:  # it goes on answering until somebody claims it
        assert read(conversation) == [("order_number", "NW-20418")]
    else:
        assert [f.value for f in active(conversation.pk)] == ["NW-20418"]
