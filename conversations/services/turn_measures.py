"""What is counted and traced of a turn that ended, from the times in its record."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from conversations.models import Turn
from conversations.services.outcome import Outcome
from portal import telemetry
from portal.core.metrics import (
    ADMISSIONS,
    FIRST_TOKEN_SECONDS,
    QUEUE_WAIT_SECONDS,
    TURN_SECONDS,
    TURNS,
)


def how_it_ended(outcome: Outcome) -> str:
    return "failed" if outcome.failed else "stopped" if outcome.stopped else "done"


def what_was_done(step: dict[str, Any]) -> str:
    """A step of the ladder as a label. More workers help a rung that was too busy for a turn, and
    not one whose breaker is open."""
    return "breaker" if step.get("why") == "breaker open" else str(step["did"])


def observe_end(turn_id: UUID, outcome: Outcome) -> float | None:
    """Count and trace a turn whose reply is committed and announced.

    Returns the milliseconds from acceptance to the first text, or None where none was shown.
    """
    turn = Turn.objects.only("accepted_at", "claimed_at", "done_at", "epoch").get(pk=turn_id)
    TURNS.labels(outcome.decision, outcome.tier, how_it_ended(outcome)).inc()
    for step in outcome.trace.get("ladder", ()):
        ADMISSIONS.labels(step["rung"], what_was_done(step)).inc()
    if turn.claimed_at and turn.done_at:
        waited = (turn.claimed_at - turn.accepted_at).total_seconds()
        QUEUE_WAIT_SECONDS.labels(outcome.tier).observe(max(0.0, waited))
        worked = (turn.done_at - turn.claimed_at).total_seconds()
        TURN_SECONDS.labels(outcome.tier).observe(max(0.0, worked))
    trace_end(turn, outcome)
    if outcome.first_token_at is None:
        return None
    seconds = (outcome.first_token_at - turn.accepted_at).total_seconds()
    FIRST_TOKEN_SECONDS.labels(outcome.tier).observe(seconds)
    return round(seconds * 1000, 1)


def trace_end(turn: Turn, outcome: Outcome) -> None:
    """The worker's steps and the whole turn; the web process has added `accept` and `publish`."""
    received = telemetry.forget(turn.pk)
    if not telemetry.traced(turn.pk):
        return
    now = datetime.now(UTC)
    marks = (
        ("queue", received or turn.claimed_at),
        ("claim", turn.claimed_at),
        ("retrieve", outcome.retrieved_at),
        ("decide", outcome.decided_at),
        ("first_token", outcome.first_token_at),
        ("write", turn.done_at),
        ("done", now),
    )
    began = turn.accepted_at
    for step, ended in marks:
        if ended is not None:
            telemetry.record(turn.pk, step, began, ended)
            began = max(began, ended)
    telemetry.record(
        turn.pk,
        telemetry.ROOT,
        turn.accepted_at,
        now,
        decision=outcome.decision,
        reason=outcome.reason,
        tier=outcome.tier,
        outcome=how_it_ended(outcome),
        epoch=turn.epoch,
    )
