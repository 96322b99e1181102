"""The scripted backend, which other areas test with."""

import time

import pytest

from conversations.inference.backend import BackendUnavailable
from conversations.inference.scripted import ScriptedBackend, build
from tests.inference.conftest import request_for


def test_scripts_are_said_in_order_and_then_the_default() -> None:
    backend = ScriptedBackend(default=["nothing"])
    backend.enqueue("Hi", " there")
    first = backend.start(request_for("x"))
    assert list(first) == ["Hi", " there"]
    assert first.stats.finish_reason == "stop"
    assert list(backend.start(request_for("x"))) == ["nothing"]
    assert len(backend.requests) == 2


def test_a_script_continues_after_the_prefix() -> None:
    backend = ScriptedBackend()
    backend.enqueue("You can ", "return it.")
    assert list(backend.start(request_for("x", prefix="You can re"))) == ["turn it."]


def test_a_script_can_fail_in_the_middle() -> None:
    backend = ScriptedBackend()
    backend.enqueue("Hi", error=BackendUnavailable("The engine stopped."))
    seen = []
    with pytest.raises(BackendUnavailable, match="stopped"):
        for piece in backend.start(request_for("x")):
            seen.append(piece)
    assert seen == ["Hi"]


def test_cancelling_and_deadlines_end_a_slow_script() -> None:
    backend = ScriptedBackend(default=["a", "b"], delay=30)
    started = time.monotonic()
    cancelled = backend.start(request_for("x"))
    cancelled.cancel()
    late = backend.start(request_for("x", seconds=0.01))
    assert list(cancelled) == list(late) == []
    assert cancelled.stats.finish_reason == "cancelled"
    assert late.stats.finish_reason == "deadline"
    assert time.monotonic() - started < 5
    assert backend.load().active == 0


def test_the_overhead_rung_answers_everybody() -> None:
    backend = build(object())
    assert "".join(backend.start(request_for("x"))).startswith("This reply is scripted")
    backend.close()
    assert not backend.ready()
    with pytest.raises(BackendUnavailable):
        backend.start(request_for("x"))
