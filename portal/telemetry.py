"""Traces of turns, from the message's acceptance through Celery to the last word. Off by default.

The trace of a turn has the turn's own id, and its root span an id that follows from it. So the web
process, the workers and the sweeper add to one trace without handing a context along: a wake-up
that is lost, repeated or answered by another worker stays in it, and whoever has a turn's id has
its trace. Whether a turn is traced follows from the id too; all processes decide alike.
"""

import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

logger = logging.getLogger("portal.telemetry")

#: Not a child of anything: the whole turn.
ROOT = "turn"
Value = str | int | float | bool


class Recorder(Protocol):
    def record(
        self,
        turn_id: UUID,
        step: str,
        began: datetime,
        ended: datetime,
        attributes: Mapping[str, Value],
    ) -> None: ...


class _State:
    recorder: Recorder | None = None
    share: float = 1.0


def installed() -> bool:
    return find_spec("opentelemetry") is not None and find_spec("opentelemetry.sdk") is not None


def configure(endpoint: str, *, share: float = 1.0, exporter: "SpanExporter | None" = None) -> None:
    """Trace to an OTLP address from now on; "" and no exporter: trace nothing."""
    _State.recorder, _State.share = None, share
    if not endpoint and exporter is None:
        return
    if not installed():
        logger.error("PORTAL_TRACES is set, but requirements-telemetry.txt is not installed.")
        return
    from portal import telemetry_otel  # noqa: PLC0415 (an optional package)

    _State.recorder = telemetry_otel.recorder(endpoint, exporter)


def traced(turn_id: UUID) -> bool:
    """Whether this turn is among the share that is traced."""
    return _State.recorder is not None and (turn_id.int >> 96) < _State.share * 2**32


def record(
    turn_id: UUID, step: str, began: datetime | None, ended: datetime | None, **attributes: Value
) -> None:
    """Add a step that has ended to the turn's trace. A step without its times was not reached."""
    if _State.recorder is None or began is None or ended is None or not traced(turn_id):
        return
    try:
        _State.recorder.record(turn_id, step, began, max(began, ended), attributes)
    except Exception:
        logger.exception("a step could not be traced")


def since(turn_id: UUID, step: str, began: datetime, **attributes: Value) -> None:
    """Add a step that ends now."""
    record(turn_id, step, began, datetime.now(UTC), **attributes)


_received: dict[UUID, datetime] = {}
_lock = threading.Lock()


def received(turn_id: UUID) -> None:
    """A worker has a turn's wake-up in its hands; what follows is the claim."""
    if traced(turn_id):
        with _lock:
            _received[turn_id] = datetime.now(UTC)


def forget(turn_id: UUID) -> datetime | None:
    """When the wake-up was received here, once."""
    with _lock:
        return _received.pop(turn_id, None)


def ids(turn_id: UUID) -> tuple[int, int]:
    """Of the turn's trace and of its root span; neither is ever zero."""
    number: Any = turn_id.int
    return number or 1, (number ^ number >> 64) & (2**64 - 1) or 1
