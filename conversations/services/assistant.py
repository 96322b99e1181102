"""IntelligentAssistantService: answers one turn, from the claim to the committed reply."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext

from conversations.dialogue import replies
from conversations.dialogue.memory import Memory, Utterance, recall
from conversations.dialogue.sameness import stands_alone
from conversations.escalation.desk import EscalationDeskService
from conversations.inference.backend import GenerationBackend
from conversations.inference.ladder import Descent, Ladder
from conversations.models import CachedAnswer, Escalation, Message, Turn
from conversations.services import answer_cache, turns
from conversations.services.answer_cache import AnswerCacheService
from conversations.services.drafting import EXTRACTIVE, Draft, Drafting, HandOn
from conversations.services.judgement import Judge, Judgement, LastTurn
from conversations.services.keeper import HeldLease, LeaseKeeper
from conversations.services.memory import MemoryService, Recollection
from conversations.services.outage import AWAY, through_outage
from conversations.services.outcome import Outcome, finish
from conversations.services.sources import SourceSet, gather
from conversations.services.turn_measures import how_it_ended, observe_end
from conversations.services.turns import Lease, LostTurn
from conversations.streaming.publisher import Fenced, TurnStream
from portal import telemetry
from portal.core.errors import ServiceError, UnexpectedError
from portal.core.events import emit
from portal.core.metrics import TURNS_FENCED
from portal.core.prepared import prepared_cursor
from portal.core.service import BaseService
from portal.core.table import Table

#: How often a burst of messages may make the assistant look again before its first word.
MAX_LOOKS = 3
#: The tier of an answer that was given before, and the decision that may use one.
CACHE, CONFIDENT = "cache", "confident"
_LAST_TURNS = Table(Turn, "id", "decision", "reason", "trace")
_HISTORY_MESSAGES = 40  # more than the budget's tokens ever hold


class Ring(Protocol):
    def __call__(
        self, conversation_id: UUID, turn_id: UUID | None = None, head: int = 0
    ) -> None: ...


@dataclass(frozen=True)
class Budget:
    """Tokens for memory in the prompt."""

    history_tokens: int = 400
    message_tokens: int = 120


@dataclass
class Look:
    """What was seen and decided for a turn, with the times."""

    turn: Turn
    memory: Memory
    known: Recollection
    judgement: Judgement
    retrieved_at: datetime
    decided_at: datetime


class IntelligentAssistantService(BaseService):
    """Everything it needs comes in here; it reads no settings and no clock of its own."""

    name = "assistant"

    def __init__(
        self,
        *,
        judge: Judge,
        backend: Callable[[], GenerationBackend | None],
        drafting: Drafting,
        open_stream: Callable[[UUID, int], TurnStream],
        keeper: LeaseKeeper,
        ring: Ring,
        now: Callable[[], datetime],
        desk: EscalationDeskService | None = None,
        budget: Budget | None = None,
        cache: AnswerCacheService | None = None,
        memory: MemoryService | None = None,
        ladder: Ladder | None = None,
        wake: Callable[[UUID, list[str]], None] = lambda _turn, _tried: None,
    ) -> None:
        """`ladder` has the rungs of this process; without it, `backend` is the only one. `wake`
        rings another worker for a turn, past the rungs that were tried."""
        super().__init__()
        self.judge, self.drafting, self.wake = judge, drafting, wake
        self.ladder = ladder or Ladder.of(backend)
        self.open_stream, self.keeper, self.ring, self.now = open_stream, keeper, ring, now
        self.desk = desk or EscalationDeskService()
        self.budget = budget or Budget()
        self.cache, self.memory = cache, memory or MemoryService()

    def reply(self, *, turn_id: UUID, route: Sequence[dict[str, Any]] = ()) -> bool:
        """Answer a turn. False: it was not ours to answer (taken, ended, or lost on the way).

        1. claim; 2. recall, search, decide, again when the customer wrote meanwhile; 3. write, the
        model's words through the grounding gate; 4. save and announce in one transaction. A fault
        on the way becomes an honest sentence and an escalation, never silence. `route` are the
        ladder's steps on the way to this worker.
        """
        telemetry.received(turn_id)
        lease = turns.claim(turn_id=turn_id)
        if lease is None:
            telemetry.forget(turn_id)
            return False
        fields = {"turn": str(turn_id), "epoch": lease.epoch}
        with self.operation("reply", **fields), self.keeper.hold(lease) as held:
            try:
                return self._answer(lease, held, route)
            except (LostTurn, Fenced):
                TURNS_FENCED.inc()
                return False
            except HandOn as exc:
                return self._hand_on(lease, exc)
            except AWAY:  # the question is not at fault: somebody answers it in a moment
                through_outage(lambda: turns.release(lease, counted=True))
                return False
            except Exception as exc:  # whatever it is, the customer is told
                if not isinstance(exc, ServiceError):
                    self.log.exception("turn %s failed", turn_id)
                return self._apologise(lease, held, exc)

    def _hand_on(self, lease: Lease, exc: HandOn) -> bool:
        """Give the turn to the next rung's worker, with what is known of its way so far."""
        tried, steps = exc.draft.tiers_tried, exc.draft.trace["ladder"]
        if turns.pass_on(lease, tried=tried, steps=steps, first_token_at=exc.draft.first_token_at):
            emit("turn.handed_on", turn=str(lease.turn_id), tier=exc.rung)
            self.wake(lease.turn_id, tried)
        return False

    def _answer(self, lease: Lease, held: HeldLease, route: Sequence[dict[str, Any]]) -> bool:
        stream = self.open_stream(lease.turn_id, lease.epoch)
        stream.open()
        stream.stage("searching")
        look = self._look(lease, route)
        sources = gather(look.judgement.articles)
        seconds_left = (look.turn.deadline_at - self.now()).total_seconds()
        release_connection()
        stream.stage("writing")
        descent = self._descent(look.turn, route)
        draft = self._write(look, sources, stream, held, seconds_left, descent)
        outcome = self._outcome(look, sources, draft)
        self._commit(lease, stream, outcome)
        question = look.memory.question
        fresh = look.judgement.reason == CONFIDENT
        alone = stands_alone(question, history=bool(look.memory.history))
        if self.cache and fresh and alone and not look.known.stands_in(outcome.text):
            self.cache.keep(question=question, outcome=outcome, turn_id=lease.turn_id)
        return True

    def _descent(self, turn: Turn, route: Sequence[dict[str, Any]]) -> Descent:
        return self.ladder.descent(
            tried=turn.tiers_tried,
            steps=(*turn.trace.get("ladder", ()), *route),
            elapsed=(self.now() - turn.accepted_at).total_seconds(),
            may_hand_on=True,
        )

    def _look(self, lease: Lease, route: Sequence[dict[str, Any]]) -> Look:
        """Recall, search and decide; again while new messages keep coming."""
        turn = lease.turn
        for _ in range(MAX_LOOKS):
            if turn is None:
                turn = turns.reread(lease)
            known = self.memory.recollect(turn.conversation_id)
            memory, last = self._recall(turn, known)
            rung = self._descent(turn, route).peek() or EXTRACTIVE
            judgement = self.judge.judge(memory, last=last, rung=rung)
            memory = replace(memory, question=judgement.question or memory.question)
            decided_at = self.now()
            retrieved_at = decided_at - timedelta(seconds=judgement.decision_s)
            look = Look(turn, memory, known, judgement, retrieved_at, decided_at)
            if not turns.cover_newer_messages(lease):
                break
            turn = None  # it has another question now
        return look

    def _recall(self, turn: Turn, known: Recollection) -> tuple[Memory, LastTurn]:
        said = _said(turn)
        memory = recall(
            said,
            budget_tokens=self.budget.history_tokens,
            message_tokens=self.budget.message_tokens,
            summary=known.summary,
            facts=known.facts,
        )
        if turn.covers_seq == 1:
            return memory, LastTurn()  # the first message: nothing was said before
        last = _LAST_TURNS.first(
            "conversation_id = %s AND state = 'done' ORDER BY accepted_at DESC",
            [turn.conversation_id],
        )
        if last is None:
            return memory, LastTurn()
        choices = tuple(last.trace.get("choices", ()))
        return memory, LastTurn(last.decision, last.reason, choices, known.waiting)

    def _write(
        self,
        look: Look,
        sources: SourceSet,
        stream: TurnStream,
        held: HeldLease,
        seconds_left: float,
        descent: Descent,
    ) -> Draft:
        if look.turn.stop_requested:
            return Draft(stopped=True, tier="")
        if look.judgement.reply:
            return self.drafting.say(text=look.judgement.reply, stream=stream, held=held)
        if (entry := self._cached(look, stream, descent)) is not None:
            draft = self.drafting.say(text=entry.text, stream=stream, held=held)
            draft.tier, draft.model, draft.cached = CACHE, entry.model, entry
            draft.trace["cache"] = entry.pk
        else:
            draft = self.drafting.write(
                memory=look.memory,
                sources=sources.sources,
                descent=descent,
                stream=stream,
                held=held,
                seconds_left=seconds_left,
            )
        if look.judgement.closing and not draft.stopped:
            said = self.drafting.say(text=look.judgement.closing, stream=stream, held=held)
            draft.text, draft.stopped = said.text, said.stopped
        return draft

    def _cached(self, look: Look, stream: TurnStream, descent: Descent) -> CachedAnswer | None:
        """An answer given before, for a question that stands alone and a turn that begins."""
        judged = look.judgement
        if self.cache is None or stream.text or judged.reason != CONFIDENT or not judged.articles:
            return None
        if not stands_alone(look.memory.question, history=bool(look.memory.history)):
            return None
        return self.cache.find(
            question=look.memory.question,
            article_id=judged.articles[0].article_id,
            rung=descent.peek() or EXTRACTIVE,
        )

    def _outcome(self, look: Look, sources: SourceSet, draft: Draft) -> Outcome:
        judged, stats = look.judgement, draft.stats
        trace: dict[str, Any] = {**judged.trace, **draft.trace}
        if judged.choices:
            trace["choices"] = list(judged.choices)
        hits = judged.result.articles if judged.result else ()
        return Outcome(
            decision=judged.action,
            reason=judged.reason,
            confidence=judged.confidence,
            text=draft.text,
            tier=draft.tier,
            model=draft.model,
            stopped=draft.stopped,
            tiers_tried=tuple(draft.tiers_tried),
            hand_over=judged.hand_over,
            language=judged.language,
            prompt_tokens=stats.prompt_tokens if stats else None,
            output_tokens=stats.output_tokens if stats else None,
            query=judged.result.query if judged.result else "",
            citations=(
                answer_cache.citations(draft.cached)
                if draft.cached
                else sources.citations(draft.sources)
            ),
            passages=tuple(hit for article in hits for hit in article.passages[:2]),
            prompt_passages=sources.passage_ids,
            trace=trace,
            retrieved_at=look.retrieved_at,
            decided_at=look.decided_at,
            first_token_at=look.turn.first_token_at or draft.first_token_at,
        )

    def _apologise(self, lease: Lease, held: HeldLease, exc: Exception) -> bool:
        """Tell the customer the truth about a fault and hand over."""
        code = exc.code if isinstance(exc, ServiceError) else UnexpectedError.code
        stream = self.open_stream(lease.turn_id, lease.epoch)
        try:
            stream.open()
            draft = self.drafting.say(
                text=gettext(replies.hand_over("fault")), stream=stream, held=held
            )
            self._commit(lease, stream, fault_outcome(code, draft))
        except (LostTurn, Fenced):
            return False
        return True

    def _commit(self, lease: Lease, stream: TurnStream, outcome: Outcome) -> None:
        seq = through_outage(
            lambda: finish(lease=lease, outcome=outcome, desk=self.desk, now=self.now())
        )
        stream.end(seq)
        self.ring(lease.conversation_id, head=seq)
        first_ms = observe_end(lease, outcome, self.now())
        emit(
            "turn.finished",
            turn=str(lease.turn_id),
            decision=outcome.decision,
            reason=outcome.reason,
            tier=outcome.tier,
            outcome=how_it_ended(outcome),
            first_token_ms=first_ms,
        )


_SAID = """
SELECT said.author, said.text, said.seq, answered.covers_seq
  FROM conversations_message said
  LEFT JOIN conversations_turn answered ON answered.reply_id = said.id
 WHERE said.conversation_id = %s AND said.author <> 'system'
   AND (said.seq <= %s OR answered.covers_seq < %s)
 ORDER BY said.seq DESC LIMIT %s
"""


def _said(turn: Turn) -> list[Utterance]:
    """The conversation as the turn sees it. A reply stands after the messages that it answers,
    also when the customer had written on before it came: those are the new question."""
    covers = turn.covers_seq
    with prepared_cursor() as cursor:
        cursor.execute(_SAID, [turn.conversation_id, covers, covers, _HISTORY_MESSAGES])
        rows = cursor.fetchall()
    ordered = sorted(rows, key=lambda row: (row[3] or row[2], bool(row[3])))
    return [
        Utterance("user" if author == Message.Author.CUSTOMER else "agent", text, seq)
        for author, text, seq, _ in ordered
    ]


def fault_outcome(code: str, draft: Draft) -> Outcome:
    return Outcome(
        decision=Turn.Decision.ESCALATE,
        reason=Escalation.Reason.FAULT,
        text=draft.text,
        tier="",
        failed=True,
        stopped=draft.stopped,
        error_code=code,
        hand_over=Escalation.Reason.FAULT,
        first_token_at=draft.first_token_at,
    )


def release_connection() -> None:
    """Give the database connection back for the length of the generation."""
    if not transaction.get_connection().in_atomic_block:
        connection.close()
