"""What operators see of the ladder: each rung's state, load and times, and what admission did.

`ladder_status` is plain JSON; the page, the REST API and the readiness probe read the same.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext

from conversations import dispatch
from conversations.inference.breaker import Breaker
from conversations.inference.rungs import RungReport
from conversations.models import AgentProfile, Escalation
from portal import limits

#: What the measured figures count, back from now.
WINDOW = timedelta(hours=1)
MOST_STEPS = 40
FIXED = ("extractive", "person")


@dataclass(frozen=True)
class Measured:
    """First text after the acceptance, of the answers that a rung wrote in the window."""

    answers: int = 0
    p50_ms: int | None = None
    p95_ms: int | None = None


@dataclass(frozen=True)
class RungStatus:
    """One rung. `state`: serving, busy, shut (its breaker), unready or absent (no worker)."""

    name: str
    kind: str
    state: str
    state_text: str
    reason: str = ""
    model: str = ""
    placement: str = ""
    breaker: dict[str, Any] = field(default_factory=dict)
    workers: int = 0
    running: int = 0
    slots: int = 0
    waiting: int = 0
    predicted_ms: int | None = None
    measured: Measured = Measured()
    errors: int = 0
    changed_at: str = ""


def ladder_status(*, now: datetime) -> dict[str, Any]:
    """The whole ladder, best rung first. Without Redis rungs count as absent; never raises
    for it."""
    reports = dispatch.rungs.reports()
    measured, steps, turns = _measured(now), _steps(now), _turns(now)
    errors: dict[str, int] = {}
    for step in steps:
        if step["did"] == "lost":
            errors[step["rung"]] = errors.get(step["rung"], 0) + step["count"]
    rungs = [
        _rung(
            name,
            [report for report in reports if report.tier == name],
            dispatch.breakers.get(name),
            measured.get(name, Measured()),
            errors.get(name, 0),
        )
        for name in dispatch.LADDER
    ]
    rungs += [_quoting(measured.get("extractive", Measured())), _people(now)]
    return {
        "at": now.isoformat(),
        "promise_ms": round(limits.FIRST_TOKEN_PROMISE * 1000),
        "window_minutes": round(WINDOW.total_seconds() / 60),
        "turns": turns,
        "rungs": [asdict(rung) for rung in rungs],
        "cache": asdict(measured.get("cache", Measured())),
        "admission": steps,
    }


def _rung(
    name: str, reports: Sequence[RungReport], breaker: Breaker, measured: Measured, errors: int
) -> RungStatus:
    ready = [report for report in reports if report.ready]
    state = _state(reports, ready, breaker)
    best = min(ready, key=lambda report: report.predicted_s, default=None)
    since = max([breaker.changed_at, *(report.since for report in reports)], default=0.0)
    reasons = [report.reason for report in reports if report.reason]
    return RungStatus(
        name=name,
        kind="remote" if name in {rung.name for rung in dispatch.remote_rungs} else "local",
        state=state,
        state_text=_state_text(state),
        reason=breaker.reason if state == "shut" else (reasons or [""])[0],
        model=next((report.model for report in reports if report.model), ""),
        placement=next((report.placement for report in reports if report.placement), ""),
        breaker={
            "position": breaker.position,
            "held": breaker.held,
            "text": _breaker_text(breaker),
            "failures": len(breaker.failures),
            "until": _iso(breaker.until) if breaker.position != "closed" else "",
        },
        workers=len(reports),
        running=sum(report.active for report in ready),
        slots=sum(report.slots for report in ready),
        waiting=max((report.waiting for report in reports), default=0),
        predicted_ms=round(best.predicted_s * 1000) if best else None,
        measured=measured,
        errors=errors,
        changed_at=_iso(since),
    )


def _state(reports: Sequence[RungReport], ready: Sequence[RungReport], breaker: Breaker) -> str:
    if not reports:
        return "absent"
    if not breaker.passes:
        return "shut"
    if not ready:
        return "unready"
    return "busy" if all(report.full or report.behind for report in ready) else "serving"


def _state_text(state: str) -> str:
    return {
        "serving": gettext("Serving"),
        "busy": gettext("Busy"),
        "shut": gettext("Shut off"),
        "unready": gettext("Not ready"),
        "absent": gettext("No worker"),
    }[state]


def _breaker_text(breaker: Breaker) -> str:
    if breaker.held == "open":
        return gettext("held open by hand")
    if breaker.held == "closed":
        return gettext("held closed by hand")
    return {
        "closed": gettext("closed"),
        "open": gettext("open"),
        "half_open": gettext("being tried"),
    }[breaker.position]


def _quoting(measured: Measured) -> RungStatus:
    return RungStatus(
        "extractive", "fixed", "serving", _state_text("serving"), measured=measured,
        reason=gettext("Quotes the articles; any worker can."),
    )  # fmt: skip


def _people(now: datetime) -> RungStatus:
    online = AgentProfile.objects.online(now=now, seconds=limits.AGENT_SEEN).count()
    waiting = Escalation.objects.filter(state=Escalation.State.WAITING).count()
    state = "serving" if online else "absent"
    return RungStatus(
        "person", "fixed", state, _state_text("serving") if online else gettext("Nobody online"),
        workers=online, waiting=waiting, reason=gettext("The desk: people online and waiting."),
    )  # fmt: skip


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat() if seconds else ""


_MEASURED = """
SELECT tier, count(*),
       percentile_disc(0.5) WITHIN GROUP (ORDER BY first_token_at - accepted_at),
       percentile_disc(0.95) WITHIN GROUP (ORDER BY first_token_at - accepted_at)
  FROM conversations_turn
 WHERE accepted_at > %s AND first_token_at IS NOT NULL AND tier <> ''
 GROUP BY tier
"""

_STEPS = """
SELECT step->>'rung', step->>'did', left(coalesce(step->>'why', ''), 120), count(*)
  FROM conversations_turn, jsonb_array_elements(trace->'ladder') AS step
 WHERE accepted_at > %s AND jsonb_typeof(trace->'ladder') = 'array'
 GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2 LIMIT %s
"""


def _measured(now: datetime) -> dict[str, Measured]:
    def ms(span: timedelta) -> int:
        return round(span.total_seconds() * 1000)

    with connection.cursor() as cursor:
        cursor.execute(_MEASURED, [now - WINDOW])
        rows = cursor.fetchall()
    return {tier: Measured(count, ms(p50), ms(p95)) for tier, count, p50, p95 in rows}


def _steps(now: datetime) -> list[dict[str, Any]]:
    """What was done with turns, most often first."""
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, [now - WINDOW, MOST_STEPS])
        rows = cursor.fetchall()
    return [
        {"rung": rung, "did": did, "did_text": did_text(did), "why": why, "count": count}
        for rung, did, why, count in rows
    ]


def did_text(did: str) -> str:
    """What was done at a rung, in words."""
    return {
        "passed_over": gettext("passed over"),
        "wrote": gettext("wrote"),
        "refused": gettext("words refused by the grounding check"),
        "lost": gettext("lost"),
        "handed_on": gettext("took over from another rung"),
        "quoted": gettext("quoted"),
    }.get(did, did)


def _turns(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM conversations_turn WHERE accepted_at > %s", [now - WINDOW]
        )
        return int(cursor.fetchone()[0])
