"""What reaches a log: ids and numbers, never words of a customer or a secret."""

import io
import json
import logging
from typing import Any

import pytest

from portal import logs
from portal.core.events import EVENT_CATALOG, FORBIDDEN_FIELDS, emit
from portal.serve import log_access

SECRET = "my card is 4111"


@pytest.fixture
def written() -> Any:
    """Logs one thing through our handler and returns the line."""

    def write(log_format: str, level: int, message: str, *args: object, **options: Any) -> str:
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        formatter = logs.JsonFormatter() if log_format == "json" else logs.HumanFormatter()
        handler.setFormatter(formatter)
        handler.addFilter(logs.Redact())
        logger = logging.getLogger("portal.test")
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        logger.log(level, message, *args, **options)
        logger.removeHandler(handler)
        return stream.getvalue()

    return write


def fail_with(text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError as error:
        raise RuntimeError("outer " + text) from error


def test_an_event_is_one_json_object_with_its_fields(written: Any) -> None:
    line = written("json", 20, "turn.finished", extra={"fields": {"seconds": 1.5, "tier": "cpu"}})
    entry = json.loads(line)
    assert entry["message"] == "turn.finished"
    assert (entry["seconds"], entry["tier"], entry["level"]) == (1.5, "cpu", "info")


def test_an_event_is_one_line_for_people(written: Any) -> None:
    line = written("human", 20, "turn.finished", extra={"fields": {"seconds": 1.5}})
    assert line.endswith("INFO portal.test turn.finished seconds=1.5\n")


@pytest.mark.parametrize("log_format", ["json", "human"])
def test_a_traceback_says_where_and_what_kind_but_not_the_text(
    written: Any, log_format: str
) -> None:
    try:
        fail_with(SECRET)
    except RuntimeError:
        line = written(log_format, 40, "failed", exc_info=True)
    assert SECRET not in line
    assert "builtins.ValueError" in line
    assert "builtins.RuntimeError" in line
    assert "in fail_with" in line


@pytest.mark.parametrize(
    "text",
    [
        "GET /ws/conversations/1/?token=abc HTTP/1.1",
        "Not Found: /help/?q=abc",
        "http://host/ws/1?token=abc&x=y failed",
    ],
)
def test_a_query_string_is_cut_out_of_any_message(written: Any, text: str) -> None:
    assert "abc" not in written("human", 30, "%s", text)
    assert "[cut]" in written("human", 30, "%s", text)


def test_a_question_mark_in_a_sentence_stays(written: Any) -> None:
    assert "Ready? Yes." in written("human", 20, "Ready? Yes.")


def test_a_call_with_the_wrong_arguments_still_logs(written: Any) -> None:
    assert "100 %d" in written("human", 20, "100 %d", "x")


def test_the_access_log_has_neither_query_nor_address(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "portal.access"):
        details = {"path": "/ws/1/?token=abc", "client": "203.0.113.9:5"}
        log_access("websocket", "connected", details)
        log_access(
            "http", "complete", {**details, "method": "GET", "status": 200, "time_taken": 0.01}
        )
    assert caplog.messages == ["socket open /ws/1/", "GET /ws/1/ 200 10ms"]


def test_an_event_outside_the_catalogue_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        emit("no.such.event")


@pytest.mark.parametrize("field", sorted(FORBIDDEN_FIELDS))
def test_an_event_cannot_carry_a_field_that_could_hold_words(field: str) -> None:
    with pytest.raises(KeyError):
        fields: dict[str, Any] = {field: SECRET}
        emit(next(iter(EVENT_CATALOG)), **fields)
