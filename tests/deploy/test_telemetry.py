"""One question, one trace: from its acceptance over Celery to the last word."""

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from celery.contrib.testing.worker import start_worker
from django.db import connection
from django.utils import timezone
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from conversations import dispatch
from conversations.models import Turn
from conversations.services.intake import IntakeService
from portal import telemetry
from portal.celery import app

STEPS = (
    "accept",
    "publish",
    "queue",
    "claim",
    "retrieve",
    "decide",
    "first_token",
    "write",
    "done",
)


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    telemetry.configure("", exporter=exporter)
    yield exporter
    telemetry.configure("")


def question(text: str = "How long can I return a lamp?") -> uuid.UUID:
    accepted = IntakeService().post_message(
        conversation_id=IntakeService().open_conversation().id,
        client_id=uuid.uuid4(),
        text=text,
        now=timezone.now(),
    )
    assert accepted.turn_id
    return accepted.turn_id


def spans_of(exporter: InMemorySpanExporter, *, until: str) -> dict[str, ReadableSpan]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = {span.name: span for span in exporter.get_finished_spans()}
        if until in found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"no span {until!r}: {sorted(found)}")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_one_question_is_one_trace_across_intake_and_a_celery_worker(
    exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "route", lambda _tried: (dispatch.DEFAULT_QUEUE, []))
    with start_worker(
        app, pool="threads", concurrency=1, perform_ping_check=False, queues="default"
    ):
        turn_id = question()
        spans = spans_of(exporter, until=telemetry.ROOT)
    connection.close()
    assert set(spans) == {telemetry.ROOT, *STEPS}
    contexts = {name: span.get_span_context() for name, span in spans.items()}
    assert {context.trace_id for context in contexts.values() if context} == {turn_id.int}
    root = contexts[telemetry.ROOT]
    assert root is not None
    for name in STEPS:
        parent = spans[name].parent
        assert parent is not None
        assert parent.span_id == root.span_id
    assert spans[telemetry.ROOT].parent is None
    chain = [spans[name] for name in STEPS[2:]]
    assert all(one.end_time == other.start_time for one, other in pairwise(chain))
    attributes = spans[telemetry.ROOT].attributes
    assert attributes is not None
    assert attributes["decision"] == Turn.objects.get(pk=turn_id).decision
    assert not any("lamp" in str(value) for span in spans.values() for value in _values(span))


def _values(span: ReadableSpan) -> list[object]:
    return [*(span.attributes or {}).values()]


def test_nothing_is_traced_unless_it_is_switched_on() -> None:
    telemetry.configure("")
    assert not telemetry.traced(uuid.uuid4())
    telemetry.received(turn_id := uuid.uuid4())
    assert telemetry.forget(turn_id) is None


def test_all_processes_take_the_same_share_of_turns(exporter: InMemorySpanExporter) -> None:
    telemetry.configure("", share=0.25, exporter=exporter)
    turns = [uuid.UUID(int=number << 96 | 1) for number in range(0, 2**32, 2**22)]
    assert sum(map(telemetry.traced, turns)) == len(turns) // 4


def test_a_step_that_cannot_be_traced_hurts_nobody(
    exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    recorder = telemetry._State.recorder
    assert recorder is not None
    monkeypatch.setattr(recorder, "record", broken)
    telemetry.since(uuid.uuid4(), "accept", datetime.now(UTC))
    assert exporter.get_finished_spans() == ()


def test_without_the_packages_the_portal_starts_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(telemetry, "installed", lambda: False)
    telemetry.configure("http://collector:4318/v1/traces")
    assert not telemetry.traced(uuid.uuid4())
    assert "requirements-telemetry.txt" in caplog.text
