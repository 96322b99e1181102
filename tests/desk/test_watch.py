"""Nothing waits for ever: silence of agents, of customers and of promises ends by itself."""

import uuid
from datetime import time, timedelta

import pytest
from django.utils import timezone

from conversations.access import Agent
from conversations.escalation.assignment import Candidate, Need, choose
from conversations.escalation.desk import EscalationDeskService
from conversations.escalation.holding import HoldingService
from conversations.escalation.speech import SpeechService
from conversations.escalation.staff import StaffService
from conversations.escalation.tending import TendingService
from conversations.escalation.watch import DeskWatchService
from conversations.models import (
    AgentProfile,
    AuditEntry,
    Conversation,
    Escalation,
    Message,
    OpeningHours,
    Team,
)
from conversations.services.intake import IntakeService
from tests.desk.conftest import MakeAgent, Waiting, write

pytestmark = pytest.mark.django_db(transaction=True)
holding, speech = HoldingService(), SpeechService()


def claim(agent: Agent, conversation: uuid.UUID) -> None:
    holding.claim(agent=agent, conversation_id=conversation, now=timezone.now())


def answer(agent: Agent, conversation: uuid.UUID) -> None:
    speech.send(
        agent=agent,
        conversation_id=conversation,
        client_id=uuid.uuid4(),
        text="Here you are.",
        now=timezone.now(),
    )


def system_words() -> str:
    return Message.objects.filter(author="system").latest("seq").text


def test_an_agent_whose_page_falls_silent_loses_the_conversation_and_the_customer_is_told(
    mira: Agent, waiting: Waiting
) -> None:
    claim(mira, waiting.id)
    answer(mira, waiting.id)
    now = timezone.now()
    assert DeskWatchService().watch(now=now).lost == 0
    assert DeskWatchService().watch(now=now + timedelta(minutes=3)).lost == 1
    assert AgentProfile.objects.get().availability == "offline"
    conversation = Conversation.objects.get()
    assert (conversation.holder, conversation.status) == ("nobody", "waiting")
    assert "cannot go on" in system_words()
    assert AuditEntry.objects.filter(action="escalation.lost", details__cause="offline").exists()
    assert DeskWatchService().watch(now=now + timedelta(minutes=3)).lost == 0


def test_an_answer_that_is_overdue_is_noted_raises_the_priority_and_is_taken_away(
    mira: Agent, waiting: Waiting
) -> None:
    claim(mira, waiting.id)
    later = timezone.now() + timedelta(hours=2)
    AgentProfile.objects.update(seen_at=later)
    watched = DeskWatchService().watch(now=later)
    assert (watched.lost, watched.breached) == (1, 2)
    escalation = Escalation.objects.get()
    assert sorted(escalation.breaches) == ["first_response", "next_response"]
    assert (escalation.priority, escalation.supervisor) == (5, True)
    assert DeskWatchService().watch(now=later).breached == 0


def test_a_customer_who_waits_too_long_is_told_once_and_moves_up(waiting: Waiting) -> None:
    later = timezone.now() + timedelta(hours=1)
    before = Message.objects.count()
    assert DeskWatchService().watch(now=later).breached == 1
    assert "longer than we promised" in system_words()
    assert DeskWatchService().watch(now=later + timedelta(hours=1)).breached == 0
    assert Message.objects.count() == before + 1
    assert Escalation.objects.get().priority == 4


def test_a_snooze_wakes_by_itself(mira: Agent, waiting: Waiting) -> None:
    claim(mira, waiting.id)
    answer(mira, waiting.id)
    now = timezone.now()
    TendingService().snooze(
        agent=mira, conversation_id=waiting.id, until=now + timedelta(hours=1), now=now
    )
    assert DeskWatchService().watch(now=now).woken == 0
    later = now + timedelta(hours=2)
    AgentProfile.objects.update(seen_at=later)
    assert DeskWatchService().watch(now=later).woken == 1


def test_a_customer_who_left_gets_a_closing_word_from_the_desk_and_from_the_assistant(
    mira: Agent, waiting: Waiting
) -> None:
    claim(mira, waiting.id)
    answer(mira, waiting.id)
    other = IntakeService().open_conversation()
    Conversation.objects.filter(pk=other.id).update(head_seq=0)
    later = timezone.now() + timedelta(hours=25)
    AgentProfile.objects.update(seen_at=later)
    assert DeskWatchService().watch(now=later).closed == 1
    assert Conversation.objects.get(pk=waiting.id).status == "closed"
    assert "closing this conversation" in system_words()
    assert DeskWatchService().watch(now=later).closed == 0
    write(waiting.id, "I am back, it is still broken")
    assert Escalation.objects.open().get().reason == "reopened"


def test_waiting_conversations_go_to_who_is_free_and_the_load_is_shared(
    make_agent: MakeAgent,
) -> None:
    for name in ("ada", "ben"):
        make_agent(name, takes_automatically=True, capacity=2)
    make_agent("manual")
    for _ in range(5):
        opened = IntakeService().open_conversation()
        IntakeService().request_person(conversation_id=opened.id, now=timezone.now())
    assert DeskWatchService().watch(now=timezone.now()).assigned == 4
    held = Escalation.objects.filter(state="claimed").values_list("agent__username", flat=True)
    assert sorted(held) == ["ada", "ada", "ben", "ben"]
    assert Escalation.objects.waiting().count() == 1


@pytest.mark.parametrize(
    ("need", "chosen"),
    [
        (Need(), 2),  # the least loaded
        (Need(topic="Refunds"), 1),  # the skill
        (Need(language="nl"), 3),  # the language
        (Need(team=9), 3),  # the team
        (Need(preferred=3), 3),  # who had it before
        (Need(preferred=4), 2),  # ... unless there is no room
        (Need(team=8), None),
    ],
)
def test_the_choice_of_an_agent(need: Need, chosen: int | None) -> None:
    empty: frozenset[str] = frozenset()
    candidates = [
        Candidate(1, frozenset(), frozenset({"refunds"}), frozenset({"en"}), 4, 2, None),
        Candidate(2, frozenset(), empty, frozenset({"en"}), 4, 1, None),
        Candidate(3, frozenset({9}), empty, frozenset({"en", "nl"}), 4, 3, None),
        Candidate(4, frozenset({9}), empty, empty, 2, 2, None),
    ]
    found = choose(need, candidates)
    assert (found.id if found else None) == chosen


def test_with_nobody_online_the_customer_is_told_asked_for_an_address_and_given_a_time(
    waiting: Waiting,
) -> None:
    assert "None of our colleagues is online" in system_words()
    assert "e-mail" in system_words()
    view = EscalationDeskService().queue_look(conversation_id=waiting.id, now=timezone.now())
    assert view and view["ask_email"] and view["answer_by"] and view["expected_wait"] is None


def test_outside_opening_hours_the_customer_is_told_when_it_opens(mira: Agent) -> None:
    tomorrow = (timezone.now() + timedelta(days=1)).weekday()
    OpeningHours.objects.create(weekday=tomorrow, opens=time(9), closes=time(17))
    opened = IntakeService().open_conversation()
    IntakeService().request_person(conversation_id=opened.id, now=timezone.now())
    assert "We open again on" in system_words()
    assert "09:00" in system_words()


def test_the_wait_that_is_named_comes_from_what_happened_lately(mira: Agent) -> None:
    now = timezone.now()
    for minutes in (2, 4, 30):
        past = IntakeService().open_conversation()
        Escalation.objects.create(
            conversation_id=past.id,
            reason="not_sure",
            state="resolved",
            agent_id=mira.id,
            opened_at=now - timedelta(hours=1, minutes=minutes),
            claimed_at=now - timedelta(hours=1),
            first_claimed_at=now - timedelta(hours=1),
            ended_at=now,
        )
    opened = IntakeService().open_conversation()
    IntakeService().request_person(conversation_id=opened.id, now=now)
    assert "about 4 minutes" in system_words()
    assert Escalation.objects.open().get().expected_wait == 240


def test_a_topic_goes_to_the_team_that_has_it() -> None:
    team = Team.objects.create(name="Billing", slug="billing", topics=["Payments"])
    desk = EscalationDeskService()
    opened = IntakeService().open_conversation()
    former = Escalation.objects.create(
        conversation_id=opened.id, reason="not_sure", state="withdrawn", team=team,
        topic="Payments", opened_at=timezone.now(), ended_at=timezone.now(),
    )  # fmt: skip
    again = desk.open(
        conversation=Conversation.objects.get(), reason="reopened", now=timezone.now(),
        former=former,
    )  # fmt: skip
    assert again and again.team == team


def test_an_agent_signed_off_by_silence_is_back_when_the_desk_is_opened(mira: Agent) -> None:
    DeskWatchService().watch(now=timezone.now() + timedelta(minutes=3))
    assert AgentProfile.objects.get(user_id=mira.id).availability == "offline"
    assert StaffService().heard(agent=mira, now=timezone.now()) == "online"
    assert AgentProfile.objects.get(user_id=mira.id).availability == "online"


def test_an_agent_who_chose_to_be_offline_stays_so(mira: Agent) -> None:
    StaffService().change(agent=mira, now=timezone.now(), availability="offline")
    assert StaffService().heard(agent=mira, now=timezone.now()) == "offline"


def test_a_new_agent_is_online_at_the_first_opening(make_agent: MakeAgent) -> None:
    new = make_agent("new", availability="offline", seen_at=None)
    assert StaffService().heard(agent=new, now=timezone.now()) == "online"
