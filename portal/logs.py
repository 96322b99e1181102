"""How Portal logs: one line an event, for people or as JSON, and never a customer's words.

Messages of our own code are fixed sentences with ids and numbers. What libraries and tracebacks
say is cut where it could quote a person or a secret: query strings, and the values that database
errors, decoders and validators repeat.
"""

import json
import logging
import re
import traceback
from types import TracebackType
from typing import Any

from portal.core.masking import mask

CUT = "[cut]"
LINE_CHARS = 2_000

#: A query string of a path or an address: it may hold a token or a search.
_QUERY = re.compile(r"(?<=[\w/\-])\?[^\s\"'<>?]*=[^\s\"'<>]*")

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def redact(text: str) -> str:
    """Take query strings and what identifies a person out of a line, and bound its length."""
    return mask(_QUERY.sub(f"?{CUT}", text[: 4 * LINE_CHARS]))[:LINE_CHARS]


def safe_traceback(exc_info: _ExcInfo) -> str:
    """Where an exception came from and what kind it is, without what it says.

    The text of an exception repeats its input: PostgreSQL quotes the row, json the document.
    """
    lines: list[str] = []
    error: BaseException | None = exc_info[1]
    while error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        lines += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        lines.append(f"{type(error).__module__}.{type(error).__qualname__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(lines)


class Redact(logging.Filter):
    """Formats a record once and cuts it, for every formatter after it."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        record.msg, record.args = redact(message), None
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = safe_traceback(record.exc_info)
        record.exc_info = None
        if fields := getattr(record, "fields", None):
            record.fields = {
                name: mask(value) if isinstance(value, str) else value
                for name, value in fields.items()
            }
        return True


class HumanFormatter(logging.Formatter):
    """`12:30:05 INFO portal.events turn.finished decision=answer seconds=1.2`"""

    default_time_format = "%H:%M:%S"
    default_msec_format = ""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        fields: dict[str, Any] = getattr(record, "fields", {})
        pairs = "".join(f" {name}={value}" for name, value in fields.items())
        return super().formatMessage(record) + pairs


class JsonFormatter(logging.Formatter):
    """One JSON object a line; the fields of `emit()` beside time, level and message."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_text:
            entry["traceback"] = record.exc_text
        return json.dumps(entry, default=str, ensure_ascii=False)


def config(*, log_format: str, level: str) -> dict[str, Any]:
    """Django's LOGGING."""
    quiet = {"level": "WARNING"}
    formatter = JsonFormatter if log_format == "json" else HumanFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"redact": {"()": Redact}},
        "formatters": {"line": {"()": formatter}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["redact"],
            }
        },
        # A level that Python does not know is reported by the check portal.E012.
        "root": {
            "level": level if level in logging.getLevelNamesMapping() else "INFO",
            "handlers": ["stderr"],
        },
        "loggers": {
            # Django's own handlers would write a second line, with the query string.
            "django": {"handlers": [], "propagate": True, "level": "INFO"},
            "django.server": {"handlers": [], "propagate": True, **quiet},
            "django.request": {"level": "ERROR"},  # a 404 is in the access log
            "django.channels.server": {"handlers": [], "propagate": True, **quiet},
            "daphne": quiet,
            "asyncio": quiet,
            "celery.utils.functional": quiet,
            "celery.worker.strategy": quiet,  # "Task … received" for every wake-up
            "celery.app.trace": quiet,
            "kombu": quiet,
            "httpx": quiet,
            "sentence_transformers": quiet,
            "transformers": quiet,
            "urllib3": quiet,
        },
    }
