"""Ending a turn: the reply, its record and its announcement, in one transaction."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from conversations import dispatch
from conversations.escalation.desk import EscalationDeskService
from conversations.models import Citation, Conversation, Message, Turn, TurnPassage
from conversations.retrieval.types import PassageHit
from conversations.services import turns
from conversations.services.events import append_message, lock
from conversations.services.memory import MemoryService
from conversations.services.turns import Lease, LostTurn
from conversations.tables import CITATIONS, TURN_PASSAGES

memory = MemoryService()
#: How many retrieved passages are kept with a turn.
TRACED_PASSAGES = 10


@dataclass(frozen=True)
class Cited:
    number: int
    article_id: int
    revision: int
    title: str
    url: str


@dataclass(frozen=True)
class Outcome:
    """All that is known of a turn at its end. Times are None where a step was not reached."""

    decision: str
    reason: str
    text: str
    tier: str
    failed: bool = False
    hand_over: str = ""  # reason of the escalation to open
    language: str = ""
    confidence: float | None = None
    model: str = ""
    stopped: bool = False
    error_code: str = ""
    tiers_tried: tuple[str, ...] = ()
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    query: str = ""
    citations: tuple[Cited, ...] = ()
    passages: tuple[PassageHit, ...] = ()
    prompt_passages: frozenset[int] = frozenset()
    trace: dict[str, Any] = field(default_factory=dict)
    retrieved_at: datetime | None = None
    decided_at: datetime | None = None
    first_token_at: datetime | None = None


def finish(*, lease: Lease, outcome: Outcome, desk: EscalationDeskService, now: datetime) -> int:
    """Commit the reply and end the turn. Returns the reply's sequence number.

    1. Locks the conversation; 2. brings the memory up to date; 3. writes message, event and
    citations; 4. ends the turn under its epoch; 5. opens an escalation where one is due; 6. opens
    the next turn for what the customer wrote meanwhile. Raises LostTurn, with nothing written, when
    another worker owns the turn.
    """
    with transaction.atomic():
        conversation = lock(lease.conversation_id)
        head = conversation.head_seq
        turn = turns.still_held(lease)
        if turn is None:  # a person or another worker took over, and may have written the reply
            raise LostTurn
        changed = memory.take_in(conversation)
        if outcome.language and outcome.language != conversation.language:
            conversation.language = outcome.language
            changed = (*changed, "language")
        message = append_message(
            conversation=conversation,
            author=Message.Author.ASSISTANT,
            text=outcome.text,
            now=now,
            message_id=turn.message_id,
            changed=changed,
        )
        turns.record(lease, **_columns(outcome, message, now))
        _write_citations(message, outcome.citations)
        _write_passages(turn, outcome)
        if outcome.hand_over:
            desk.open(conversation=conversation, reason=outcome.hand_over, now=now, turn=turn)
        else:  # the language and the topic are known now
            asked = turn.question.text
            desk.apply_rules(conversation=conversation, text=asked, now=now, turn=turn)
        if head > turn.covers_seq and conversation.holder == Conversation.Holder.ASSISTANT:
            _open_next(conversation, turn, now)
        return message.seq


def _columns(outcome: Outcome, message: Message, now: datetime) -> dict[str, Any]:
    return {
        "state": Turn.State.FAILED if outcome.failed else Turn.State.DONE,
        "reply_id": message.pk,
        "lease_owner": None,
        "lease_until": None,
        "decision": outcome.decision,
        "reason": outcome.reason,
        "confidence": outcome.confidence,
        "stopped": outcome.stopped,
        "error_code": outcome.error_code,
        "tier": outcome.tier,
        "tiers_tried": list(outcome.tiers_tried),
        "model": outcome.model,
        "prompt_tokens": outcome.prompt_tokens,
        "output_tokens": outcome.output_tokens,
        "query": outcome.query,
        "trace": outcome.trace,
        "retrieved_at": outcome.retrieved_at,
        "decided_at": outcome.decided_at,
        "first_token_at": outcome.first_token_at,
        "done_at": now,
    }


def _write_citations(message: Message, citations: tuple[Cited, ...]) -> None:
    CITATIONS.insert(
        Citation(
            message=message,
            number=cited.number,
            article_id=cited.article_id,
            revision=cited.revision,
            title=cited.title,
            url=cited.url,
        )
        for cited in citations
    )


def _write_passages(turn: Turn, outcome: Outcome) -> None:
    TURN_PASSAGES.insert(
        TurnPassage(
            turn=turn,
            rank=rank,
            passage_id=hit.passage_id,
            article_id=hit.article_id,
            revision=hit.revision,
            vector_score=hit.vector_score,
            text_score=hit.text_score,
            score=hit.score,
            in_prompt=hit.passage_id in outcome.prompt_passages,
        )
        for rank, hit in enumerate(outcome.passages[:TRACED_PASSAGES], start=1)
    )


def _open_next(conversation: Conversation, turn: Turn, now: datetime) -> None:
    """A turn for what the customer wrote while this one was being answered."""
    newest = (
        Message.objects.filter(
            conversation=conversation, author=Message.Author.CUSTOMER, seq__gt=turn.covers_seq
        )
        .order_by("-seq")
        .first()
    )
    if newest is None:
        return
    following = turns.open_turn(conversation=conversation, question=newest, now=now)
    transaction.on_commit(lambda: dispatch.ring(following.id))
