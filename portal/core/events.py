"""Structured log events: a closed catalogue of names, with ids and numbers, never a text."""

import logging
from typing import Any

logger = logging.getLogger("portal.events")

#: name -> what it says. A call with another name is a programming error and raises.
EVENT_CATALOG: dict[str, str] = {
    "service.operation.finished": "A service's operation ended, with its outcome and seconds.",
    "turn.claimed": "A worker owns a turn.",
    "turn.finished": "A turn ended, with its decision, tier and timings.",
    "turn.fenced": "A worker lost its turn to another and stopped.",
    "turn.swept": "The sweeper rang again for a forgotten turn.",
    "worker.lost": "A worker process died, or was not heard; its turns go on elsewhere.",
    "model.loaded": "A model is in memory and ready.",
    "model.failed": "A model could not be loaded; the next rung serves.",
    "breaker.changed": "A rung's circuit breaker opened, closed or was set by hand.",
    "turn.handed_on": "A worker passed its turn to the next rung, with the reason.",
    "turn.moved_down": "A turn whose rung has no worker any more was rung on another.",
    "calibration.refused": "The decision's file cannot be used; the one before it in line serves.",
    "stream.reader.lost": "The web process lost Redis and is reconnecting.",
    "doorbell.failed": "A notice could not be sent; clients catch up by polling.",
    "knowledge.imported": "An import of articles ended.",
    "socket.refused": "A socket was refused, with the code.",
}

#: Field names that could carry a person's words or secrets.
FORBIDDEN_FIELDS = frozenset(
    {"text", "content", "body", "question", "answer", "prompt", "token", "email", "name", "title"}
)


def emit(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Log one catalogued event. Raises KeyError for an unknown event or a forbidden field."""
    if event not in EVENT_CATALOG:
        raise KeyError(f"{event} is not in EVENT_CATALOG")
    if forbidden := FORBIDDEN_FIELDS & fields.keys():
        raise KeyError(f"{event} may not carry {sorted(forbidden)}")
    logger.log(level, event, extra={"event": event, "fields": fields})
