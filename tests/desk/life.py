"""Made-up lives of a conversation: customer, assistant, two agents, redelivered tasks, timeouts.

Hypothesis drives the real services on a real PostgreSQL and Redis.
"""

import gc
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from conversations import access, dispatch
from conversations.access import Agent
from conversations.escalation.desk import EscalationDeskService
from conversations.escalation.holding import HoldingService
from conversations.escalation.speech import SpeechService
from conversations.escalation.staff import StaffService
from conversations.escalation.surveys import SurveyService
from conversations.escalation.tending import TendingService
from conversations.escalation.watch import DeskWatchService
from conversations.models import (
    AgentProfile,
    Conversation,
    ConversationEvent,
    Escalation,
    Message,
    Turn,
)
from conversations.services import turns
from conversations.services.intake import IntakeService
from conversations.services.outcome import Outcome, finish
from conversations.services.sweeper import SweeperService
from conversations.services.turns import Lease, LostTurn
from conversations.streaming.publisher import Fenced, TurnStream
from portal.core.errors import ServiceError

intake, holding, speech, surveys = (
    IntakeService(),
    HoldingService(),
    SpeechService(),
    SurveyService(),
)
WORDS = ("Where is my parcel?", "thank you", "it is broken. I want a refund", "hello")
PIECES = ("You can track it. ", "It takes 2 to", " 4 days. ")
AGENTS = ("life-ann", "life-bob")
agents = st.sampled_from(AGENTS)
BEGINNINGS = ("new", "working", "asked", "asked, working", "asked, held", "asked, held, wrote")


def agent_named(name: str) -> Agent:
    user, created = get_user_model().objects.get_or_create(username=name)
    if created:
        user.groups.add(Group.objects.get(name="agent"))
        AgentProfile.objects.create(
            user=user, availability="online", seen_at=timezone.now(), takes_automatically=True
        )
    return access.desk_agent(user)


class Worker:
    """A worker that holds, or held, a turn."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.stream: TurnStream = dispatch.open_stream(lease.turn_id, lease.epoch)


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = timezone.now()
        self.id = intake.open_conversation().id
        self.workers: list[Worker] = []
        self.agents = {name: agent_named(name) for name in AGENTS}
        AgentProfile.objects.update(
            availability="online", returns_as="", seen_at=self.now, assigned_at=None
        )
        self.look()

    def look(self) -> None:
        """What the next step may be about. Without it a life is a row of refusals: of 450 random
        steps two claims succeeded, and no harm done on purpose was found."""
        mine = Escalation.objects.filter(conversation_id=self.id)
        self.open = mine.open().exists()
        self.ended = mine.ended().exists()
        self.held = self.conversation().holder == "agent"
        self.live = Turn.objects.filter(conversation_id=self.id, state__in=Turn.LIVE).exists()

    @initialize(begins=st.sampled_from(BEGINNINGS), name=agents)
    def it_begins(self, begins: str, name: str) -> None:
        """In one of the states that chance alone seldom comes to."""
        if "asked" in begins:
            self.customer_asks_for_a_person()
        if "working" in begins:
            self.customer_writes(WORDS[0], False)
            self.a_worker_is_woken_perhaps_again()
        if "held" in begins:
            self.agent_claims(name)
        if "wrote" in begins:
            self.customer_writes(WORDS[1], False)

    def teardown(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE conversations_conversation CASCADE")

    def conversation(self) -> Conversation:
        return Conversation.objects.get(pk=self.id)

    def tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    # --- the customer

    @rule(text=st.sampled_from(WORDS), twice=st.booleans())
    def customer_writes(self, text: str, twice: bool) -> None:
        client_id = uuid.uuid4()
        for _ in range(2 if twice else 1):
            accepted = intake.post_message(
                conversation_id=self.id, client_id=client_id, text=text, now=self.tick()
            )
        assert accepted.duplicate is twice

    @rule()
    def customer_asks_for_a_person(self) -> None:
        intake.request_person(conversation_id=self.id, now=self.tick())

    @precondition(lambda self: self.ended)
    @rule(solved=st.sampled_from(["yes", "no", "not_yet"]))
    def customer_answers_the_survey(self, solved: str) -> None:
        try:
            surveys.answer(conversation_id=self.id, solved=solved, now=self.tick())
        except ServiceError as exc:
            assert exc.code == "not_found"

    # --- the assistant

    @precondition(lambda self: self.live)
    @rule()
    def a_worker_is_woken_perhaps_again(self) -> None:
        turn = Turn.objects.filter(conversation_id=self.id).order_by("-accepted_at").first()
        lease = turns.claim(turn_id=turn.pk) if turn else None
        if lease is not None:
            self.workers.append(Worker(lease))
            self.workers[-1].stream.open()

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), piece=st.sampled_from(PIECES))
    def a_worker_shows_a_piece(self, data: st.DataObject, piece: str) -> None:
        worker = data.draw(st.sampled_from(self.workers))
        try:
            worker.stream.append(piece)
        except Fenced:
            self.workers.remove(worker)

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), hand_over=st.booleans())
    def a_worker_finishes(self, data: st.DataObject, hand_over: bool) -> None:
        worker = data.draw(st.sampled_from(self.workers))
        self.workers.remove(worker)
        holder = self.conversation().holder
        outcome = Outcome(
            decision="escalate" if hand_over else "answer",
            reason="no_article" if hand_over else "article",
            text=worker.stream.text or "Here is the answer.",
            tier="cpu",
            hand_over="no_article" if hand_over else "",
        )
        try:
            finish(
                lease=worker.lease, outcome=outcome, desk=EscalationDeskService(), now=self.tick()
            )
        except LostTurn:
            return
        assert holder == "assistant"

    @precondition(lambda self: self.live)
    @rule()
    def a_lease_runs_out(self) -> None:
        live = Turn.objects.filter(conversation_id=self.id, state="running")
        live.update(lease_until=timezone.now() - timedelta(seconds=1))

    # --- the agents

    def act(self, name: str, what: Any, **fields: Any) -> bool:
        try:
            what(agent=self.agents[name], conversation_id=self.id, now=self.tick(), **fields)
        except ServiceError as exc:
            assert exc.code != "unexpected", exc
            return False
        return True

    @precondition(lambda self: self.open)
    @rule(name=agents)
    def agent_claims(self, name: str) -> None:
        before = Escalation.objects.open().filter(conversation_id=self.id).first()
        done = self.act(name, holding.claim)
        mine = before is not None and before.agent_id in (None, self.agents[name].id)
        assert done is mine

    @precondition(lambda self: self.held)
    @rule(name=agents, text=st.sampled_from(WORDS))
    def agent_writes(self, name: str, text: str) -> None:
        holder = self.conversation()
        done = self.act(name, speech.send, text=text, client_id=uuid.uuid4())
        assert done is (holder.agent_id == self.agents[name].id)

    def holds(self, name: str) -> bool:
        return self.conversation().agent_id == self.agents[name].id

    @precondition(lambda self: self.held)
    @rule(name=agents)
    def agent_releases(self, name: str) -> None:
        mine = self.holds(name)
        assert self.act(name, holding.release) is mine

    @precondition(lambda self: self.held)
    @rule(name=agents, other=agents)
    def agent_transfers(self, name: str, other: str) -> None:
        target = self.agents[other].id
        there = AgentProfile.objects.filter(user_id=target).exclude(availability="offline").exists()
        mine = self.holds(name)
        assert self.act(name, holding.transfer, to_agent=target) is (mine and there)

    @precondition(lambda self: self.held)
    @rule(name=agents)
    def agent_hands_back(self, name: str) -> None:
        mine = self.holds(name)
        assert self.act(name, holding.hand_back) is mine

    @precondition(lambda self: self.held)
    @rule(name=agents)
    def agent_resolves(self, name: str) -> None:
        mine = self.holds(name)
        assert self.act(name, holding.resolve) is mine

    @precondition(lambda self: self.ended and not self.open)
    @rule(name=agents)
    def agent_reopens(self, name: str) -> None:
        self.act(name, holding.reopen)

    @precondition(lambda self: self.held)
    @rule(name=agents)
    def agent_snoozes(self, name: str) -> None:
        self.act(name, TendingService().snooze, until=self.now + timedelta(hours=2))

    @precondition(lambda self: not self.held)
    @rule(name=agents, other=agents)
    def an_agent_tries_what_only_the_holder_may(self, name: str, other: str) -> None:
        for what in (holding.release, holding.hand_back, holding.resolve):
            assert not self.act(name, what)
        assert not self.act(name, holding.transfer, to_agent=self.agents[other].id)
        assert not self.act(name, speech.send, text="hello", client_id=uuid.uuid4())

    @rule(name=agents, availability=st.sampled_from(["online", "away", "offline"]))
    def agent_comes_or_goes(self, name: str, availability: str) -> None:
        StaffService().change(agent=self.agents[name], now=self.tick(), availability=availability)

    # --- time

    @rule(minutes=st.sampled_from([1, 10, 90, 1500]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def the_desk_is_watched(self) -> None:
        DeskWatchService().watch(now=self.now)

    @rule()
    def the_sweeper_sweeps(self) -> None:
        SweeperService().sweep(now=self.now)

    # --- what always holds

    @invariant()
    def it_is_looked_at(self) -> None:
        self.look()

    @invariant()
    def numbers_have_no_gap(self) -> None:
        events = ConversationEvent.objects.filter(conversation_id=self.id).order_by("seq")
        seqs = list(events.values_list("seq", flat=True))
        assert seqs == list(range(1, self.conversation().head_seq + 1))

    @invariant()
    def there_is_one_holder_and_the_record_agrees(self) -> None:
        conversation = self.conversation()
        opened = list(Escalation.objects.open().filter(conversation_id=self.id))
        assert len(opened) <= 1
        claimed = [item for item in opened if item.state == "claimed"]
        held = conversation.holder == "agent"
        assert held is bool(claimed)
        assert held is (conversation.status == "with_agent")
        assert not held or claimed[0].agent_id == conversation.agent_id
        waits = any(item.state == "waiting" for item in opened)
        assert waits is (conversation.status == "waiting")
        assert conversation.holder != "nobody" or waits

    @invariant()
    def there_is_at_most_one_live_turn_and_only_while_the_assistant_holds(self) -> None:
        live = Turn.objects.filter(conversation_id=self.id, state__in=Turn.LIVE).count()
        assert live <= 1
        assert live == 0 or self.conversation().holder == "assistant"

    @invariant()
    def every_ended_turn_has_exactly_one_terminal_event(self) -> None:
        events = ConversationEvent.objects.filter(
            conversation_id=self.id, type__in=["reply.done", "reply.withdrawn"]
        ).select_related("message")
        ended: list[str] = [
            str(event.message_id) if event.message_id else event.payload["message_id"]
            for event in events
        ]
        over = Turn.objects.filter(conversation_id=self.id).exclude(state__in=Turn.LIVE)
        assert sorted(ended) == sorted(
            str(item) for item in over.values_list("message_id", flat=True)
        )

    @invariant()
    def nobody_but_the_holder_spoke(self) -> None:
        """Replay the record: each word of an agent or the assistant under the status before it."""
        speaker: str | None = "assistant"
        events = ConversationEvent.objects.filter(conversation_id=self.id).order_by("seq")
        for event in events.select_related("message__user"):
            if event.type == "conversation.status":
                status = event.payload["status"]
                speaker = "agent" if status == "with_agent" else None
            message = event.message
            if message and message.author == "agent":
                assert speaker == "agent"
            if message and message.author == "assistant":
                assert speaker != "agent"

    @invariant()
    def a_question_to_the_assistant_is_never_forgotten(self) -> None:
        """What the customer said last is being answered, unless a person had it since."""
        last = (
            Message.objects.filter(conversation_id=self.id)
            .exclude(author="system")
            .order_by("-seq")
            .first()
        )
        if last is None or last.author != "customer":
            return
        had_it = ConversationEvent.objects.filter(
            conversation_id=self.id,
            seq__gt=last.seq,
            payload__status__in=["with_agent", "resolved", "closed"],
        ).exists()
        if self.conversation().holder == "assistant" and not had_it:
            assert Turn.objects.filter(conversation_id=self.id, state__in=Turn.LIVE).exists()


def live(examples: int, **more: Any) -> None:
    """Runs made-up lives; raises what the first one that breaks a rule raised."""
    # Hypothesis parses our source. A finalizer that warns in the middle of that has its traceback
    # drawn, which parses as well, and CPython 3.11 does not bear it (gh-106905): run them before.
    gc.collect()
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            **more,
        ),
    )
