"""What is counted and traced of a turn that ended, from the times in its record."""

from datetime import UTC, datetime
from typing import Any

from conversations.services.outcome import Outcome
from conversations.services.turns import Lease
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


def observe_end(lease: Lease, outcome: Outcome, done_at: datetime) -> float | None:
    """Count and trace a claimed turn whose reply is committed and announced.

    Returns the milliseconds from acceptance to the first text, or None where none was shown.
    """
    accepted_at, claimed_at = lease.accepted_at, lease.claimed_at
    if accepted_at is None:
        raise ValueError("The lease was not taken by a claim.")
    TURNS.labels(outcome.decision, outcome.tier, how_it_ended(outcome)).inc()
    for step in outcome.trace.get("ladder", ()):
        ADMISSIONS.labels(step["rung"], what_was_done(step)).inc()
    if claimed_at:
        waited = (claimed_at - accepted_at).total_seconds()
        QUEUE_WAIT_SECONDS.labels(outcome.tier).observe(max(0.0, waited))
        worked = (done_at - claimed_at).total_seconds()
        TURN_SECONDS.labels(outcome.tier).observe(max(0.0, worked))
    _trace_end(lease, accepted_at, outcome, done_at)
    if outcome.first_token_at is None:
        return None
    seconds = (outcome.first_token_at - accepted_at).total_seconds()
    FIRST_TOKEN_SECONDS.labels(outcome.tier).observe(seconds)
    return round(seconds * 1000, 1)


def _trace_end(lease: Lease, accepted_at: datetime, outcome: Outcome, done_at: datetime) -> None:
    """The worker's steps and the whole turn; the web process has added `accept` and `publish`."""
    received = telemetry.forget(lease.turn_id)
    if not telemetry.traced(lease.turn_id):
        return
    now = datetime.now(UTC)
    marks = (
        ("queue", received or lease.claimed_at),
        ("claim", lease.claimed_at),
        ("retrieve", outcome.retrieved_at),
        ("decide", outcome.decided_at),
        ("first_token", outcome.first_token_at),
        ("write", done_at),
        ("done", now),
    )
    began = accepted_at
    for step, ended in marks:
        if ended is not None:
            telemetry.record(lease.turn_id, step, began, ended)
            began = max(began, ended)
    telemetry.record(
        lease.turn_id,
        telemetry.ROOT,
        accepted_at,
        now,
        decision=outcome.decision,
        reason=outcome.reason,
        tier=outcome.tier,
        outcome=how_it_ended(outcome),
        epoch=lease.epoch,
    )
