"""One holder, one speaker: claims, take-overs, transfers, and what customers are told."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from conversations import dispatch
from conversations.access import Agent
from conversations.escalation.desk import EscalationDeskService
from conversations.escalation.errors import (
    AgentOffline,
    AlreadyClaimed,
    NotHolder,
    NotOpen,
)
from conversations.escalation.holding import HoldingService
from conversations.escalation.speech import SpeechService
from conversations.escalation.surveys import SurveyService
from conversations.escalation.tending import TendingService
from conversations.models import (
    AgentProfile,
    AuditEntry,
    Conversation,
    ConversationEvent,
    Escalation,
    Message,
    ResolutionSurvey,
    Turn,
)
from conversations.services import turns
from conversations.services.events import append_message, lock
from conversations.services.outcome import Outcome, finish
from conversations.services.turns import LostTurn
from conversations.streaming.publisher import Fenced
from tests.desk.conftest import MakeAgent, Waiting, write

pytestmark = pytest.mark.django_db(transaction=True)

holding = HoldingService()
speech = SpeechService()
OUTCOME = Outcome(decision="answer", reason="article", text="Within 30 days.", tier="cpu")


def claim(agent: Agent, conversation: uuid.UUID) -> Escalation:
    return holding.claim(agent=agent, conversation_id=conversation, now=timezone.now())


def say(agent: Agent, conversation: uuid.UUID, text: str = "Hello, I am here.") -> Message:
    return speech.send(
        agent=agent,
        conversation_id=conversation,
        client_id=uuid.uuid4(),
        text=text,
        now=timezone.now(),
    )


def statuses(conversation: uuid.UUID) -> list[dict[str, object]]:
    events = ConversationEvent.objects.filter(conversation_id=conversation)
    return [event.payload for event in events.filter(type="conversation.status").order_by("seq")]


def test_of_agents_who_claim_at_once_one_gets_it_and_the_others_are_told_who(
    make_agent: MakeAgent, waiting: Waiting
) -> None:
    agents = [make_agent(name) for name in ("ada", "ben", "cleo", "dan")]

    def attempt(agent: Agent) -> str:
        try:
            claim(agent, waiting.id)
            return agent.name
        except AlreadyClaimed as exc:
            return f"lost to {exc.fields['agent']['name']}"
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(attempt, agents))
    winner = next(result for result in results if not result.startswith("lost"))
    assert results.count(f"lost to {winner}") == 3
    conversation = Conversation.objects.select_related("agent__agent_profile").get()
    assert conversation.holder == "agent"
    assert conversation.agent and conversation.agent.agent_profile.name == winner
    assert AuditEntry.objects.filter(action="escalation.claimed").count() == 1


def test_a_second_click_of_the_same_agent_does_nothing(mira: Agent, waiting: Waiting) -> None:
    claim(mira, waiting.id)
    events = ConversationEvent.objects.count()
    claim(mira, waiting.id)
    assert ConversationEvent.objects.count() == events


def test_a_claim_before_the_first_word_withdraws_the_turn_with_one_terminal_event(
    mira: Agent, waiting: Waiting
) -> None:
    turn = Turn.objects.get()
    lease = turns.claim(turn_id=turn.pk)
    assert lease
    claim(mira, waiting.id)
    turn.refresh_from_db()
    assert turn.state == Turn.State.WITHDRAWN
    ended = ConversationEvent.objects.filter(type__in=["reply.withdrawn", "reply.done"])
    assert [event.payload for event in ended] == [{"message_id": str(turn.message_id)}]
    with pytest.raises(LostTurn):
        finish(lease=lease, outcome=OUTCOME, desk=EscalationDeskService(), now=timezone.now())
    assert ended.count() == 1


def test_a_claim_in_mid_answer_keeps_whole_sentences_and_fences_the_worker_at_once(
    mira: Agent, waiting: Waiting
) -> None:
    turn = Turn.objects.get()
    lease = turns.claim(turn_id=turn.pk)
    assert lease
    stream = dispatch.open_stream(turn.pk, lease.epoch)
    stream.open()
    stream.append("You can track it online. It takes 2 to")
    claim(mira, waiting.id)
    with pytest.raises(Fenced):
        stream.append(" 4 days.")
    with pytest.raises(LostTurn):
        finish(lease=lease, outcome=OUTCOME, desk=EscalationDeskService(), now=timezone.now())
    reply = Message.objects.get(author="assistant")
    assert reply.text == "You can track it online."
    turn.refresh_from_db()
    assert (turn.state, turn.stopped, turn.reply_id) == ("done", True, reply.pk)


def test_while_an_agent_holds_it_no_turn_is_opened_and_the_assistant_cannot_speak(
    mira: Agent, waiting: Waiting
) -> None:
    claim(mira, waiting.id)
    assert write(waiting.id).turn_id is None
    with pytest.raises(IntegrityError, match="assistant"), transaction.atomic():
        append_message(
            conversation=lock(waiting.id), author="assistant", text="x", now=timezone.now()
        )


def test_only_the_holder_speaks_in_the_service_and_in_the_database(
    mira: Agent, noor: Agent, boss: Agent, waiting: Waiting
) -> None:
    for agent in (mira, noor, boss):
        with pytest.raises(NotHolder):
            say(agent, waiting.id)
    claim(mira, waiting.id)
    say(mira, waiting.id)
    for agent in (noor, boss):
        with pytest.raises(NotHolder) as refused:
            say(agent, waiting.id)
        assert refused.value.fields["holder"]["name"] == "Mira"
    with pytest.raises(IntegrityError, match="does not hold"), transaction.atomic():
        append_message(
            conversation=lock(waiting.id),
            author="agent",
            text="x",
            now=timezone.now(),
            user_id=noor.id,
        )
    assert [m.user_id for m in Message.objects.filter(author="agent")] == [mira.id]


def test_the_same_client_id_is_one_message_of_the_agent(mira: Agent, waiting: Waiting) -> None:
    claim(mira, waiting.id)
    client_id, now = uuid.uuid4(), timezone.now()
    sent = {
        speech.send(
            agent=mira, conversation_id=waiting.id, client_id=client_id, text="Hi", now=now
        ).pk
        for _ in range(3)
    }
    assert len(sent) == 1


def test_a_release_returns_it_to_the_queue_tells_the_customer_and_silences_everybody(
    mira: Agent, noor: Agent, waiting: Waiting
) -> None:
    claim(mira, waiting.id)
    with pytest.raises(NotHolder):
        holding.release(agent=noor, conversation_id=waiting.id, now=timezone.now())
    holding.release(agent=mira, conversation_id=waiting.id, now=timezone.now())
    conversation = Conversation.objects.get()
    assert (conversation.holder, conversation.agent, conversation.status) == (
        "nobody", None, "waiting",
    )  # fmt: skip
    assert "cannot go on" in Message.objects.filter(author="system").latest("seq").text
    assert write(waiting.id).turn_id is None
    with pytest.raises(NotHolder):
        say(mira, waiting.id)
    claim(noor, waiting.id)
    with pytest.raises(AlreadyClaimed):
        claim(mira, waiting.id)


def test_a_transfer_changes_the_speaker_and_an_offline_colleague_is_refused(
    mira: Agent, noor: Agent, boss: Agent, waiting: Waiting
) -> None:
    claim(mira, waiting.id)
    AgentProfile.objects.filter(user_id=noor.id).update(availability="offline")
    with pytest.raises(AgentOffline):
        holding.transfer(
            agent=mira, conversation_id=waiting.id, to_agent=noor.id, now=timezone.now()
        )
    AgentProfile.objects.filter(user_id=noor.id).update(availability="away")
    holding.transfer(agent=mira, conversation_id=waiting.id, to_agent=noor.id, now=timezone.now())
    say(noor, waiting.id)
    with pytest.raises(NotHolder):
        say(mira, waiting.id)
    assert statuses(waiting.id)[-1] == {"status": "with_agent", "agent": {"name": "Noor"}}
    holding.transfer(agent=boss, conversation_id=waiting.id, to_agent=mira.id, now=timezone.now())
    say(mira, waiting.id)


def test_handing_back_lets_the_assistant_answer_what_is_still_asked(
    mira: Agent, waiting: Waiting
) -> None:
    claim(mira, waiting.id)
    say(mira, waiting.id)
    write(waiting.id, "and how long is the warranty?")
    holding.hand_back(agent=mira, conversation_id=waiting.id, now=timezone.now())
    turn = Turn.objects.get(state="queued")
    assert turn.question.text == "and how long is the warranty?"
    assert Conversation.objects.get().holder == "assistant"
    assert not Escalation.objects.open().exists()
    with pytest.raises(NotHolder):
        say(mira, waiting.id)


def test_resolving_asks_the_customer_and_no_opens_it_again_for_the_same_people(
    mira: Agent, waiting: Waiting
) -> None:
    claim(mira, waiting.id)
    say(mira, waiting.id)
    holding.resolve(agent=mira, conversation_id=waiting.id, now=timezone.now())
    survey = ResolutionSurvey.objects.get()
    assert statuses(waiting.id)[-1] == {
        "status": "resolved",
        "survey": {"id": str(survey.pk), "asks": ["solved", "score"]},
    }
    surveys = SurveyService()
    surveys.rate(conversation_id=waiting.id, score=2, comment="slow", now=timezone.now())
    surveys.answer(conversation_id=waiting.id, solved="no", now=timezone.now())
    surveys.answer(conversation_id=waiting.id, solved="no", now=timezone.now())
    opened = Escalation.objects.open().get()
    assert (opened.reason, opened.preferred_agent_id) == ("not_solved", mira.id)
    assert Conversation.objects.get().holder == "nobody"
    survey.refresh_from_db()
    assert (survey.solved, survey.score, survey.comment) == ("no", 2, "slow")


@pytest.mark.parametrize(("text", "reopens"), [("it broke again", True), ("thank you!", False)])
def test_a_customer_who_writes_again_gets_the_person_back_but_thanks_do_not(
    mira: Agent, waiting: Waiting, text: str, reopens: bool
) -> None:
    claim(mira, waiting.id)
    holding.resolve(agent=mira, conversation_id=waiting.id, now=timezone.now())
    accepted = write(waiting.id, text)
    assert Escalation.objects.open().exists() is reopens
    assert (accepted.turn_id is None) is reopens


def test_an_agent_can_reopen_and_then_holds_it(mira: Agent, waiting: Waiting) -> None:
    claim(mira, waiting.id)
    holding.resolve(agent=mira, conversation_id=waiting.id, now=timezone.now())
    with pytest.raises(NotOpen):
        holding.resolve(agent=mira, conversation_id=waiting.id, now=timezone.now())
    holding.reopen(agent=mira, conversation_id=waiting.id, now=timezone.now())
    say(mira, waiting.id)
    assert Escalation.objects.open().get().agent_id == mira.id


def test_a_snooze_ends_when_the_customer_writes(mira: Agent, waiting: Waiting) -> None:
    claim(mira, waiting.id)
    say(mira, waiting.id)
    now = timezone.now()
    TendingService().snooze(
        agent=mira, conversation_id=waiting.id, until=now + timedelta(hours=1), now=now
    )
    write(waiting.id)
    escalation = Escalation.objects.open().get()
    assert escalation.snoozed_until is None
    assert escalation.awaiting_since and escalation.next_response_due


def test_the_audit_log_says_who_did_what_and_cannot_be_changed(
    mira: Agent, waiting: Waiting
) -> None:
    claim(mira, waiting.id)
    say(mira, waiting.id)
    TendingService().supervise(agent=mira, conversation_id=waiting.id, now=timezone.now())
    holding.resolve(agent=mira, conversation_id=waiting.id, now=timezone.now())
    actions = list(AuditEntry.objects.order_by("id").values_list("action", "actor_id"))
    assert actions == [
        ("escalation.opened", None),
        ("escalation.claimed", mira.id),
        ("agent.wrote", mira.id),
        ("escalation.supervised", mira.id),
        ("escalation.resolved", mira.id),
    ]
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEntry.objects.update(action="x")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEntry.objects.all().delete()
