"""What a worker does with its rungs: announce, look after, probe, withdraw."""

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError

from conversations import dispatch, rung_host, worker
from conversations.inference.backend import BackendUnavailable
from conversations.inference.breaker import FAILURES, PAUSE
from conversations.inference.breaker_store import Breakers
from conversations.inference.remote_backend import RemoteBackend
from conversations.inference.rungs import Rungs
from conversations.inference.scripted import ScriptedBackend
from conversations.rung_host import Rung, RungHost
from portal.management.commands.worker import serves
from tests.ladder.wire import Wire, raw, says


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The ladder of this test, with a clock of its own for the breakers."""
    clock, url = Clock(), settings.REDIS_URL
    monkeypatch.setattr("conversations.inference.breaker_store._CACHE_SECONDS", 0.0)
    monkeypatch.setattr("conversations.inference.rungs._CACHE_SECONDS", 0.0)
    monkeypatch.setattr(dispatch, "breakers", Breakers(url, clock=clock))
    monkeypatch.setattr(dispatch, "rungs", Rungs(url, ("gpu", "vllm", "cpu")))
    monkeypatch.setattr(rung_host, "waiting_in", lambda _queue: 0)
    return clock


def open_breaker(rung: str) -> None:
    for _ in range(FAILURES):
        dispatch.breakers.failed(rung, "fell over")


def test_a_probe_of_its_own_closes_the_breaker_of_a_server_that_is_back(
    wire: Wire, clock: Clock
) -> None:
    rung = Rung("vllm", lambda: RemoteBackend(wire.rung()))
    rung.get_ready()
    open_breaker("vllm")
    rung.probe()
    assert wire.requests == [], "not before the pause is over"
    clock.now += PAUSE
    wire.scripted.append(raw(b"", status=500))
    rung.probe()
    assert not dispatch.breakers.get("vllm").passes
    clock.now += 2 * PAUSE
    rung.probe()
    assert dispatch.breakers.get("vllm").passes
    assert len(wire.requests) == 2
    rung.probe()
    assert len(wire.requests) == 2


def test_a_probe_that_gets_no_words_is_a_failure(wire: Wire, clock: Clock) -> None:
    rung = Rung("vllm", lambda: RemoteBackend(wire.rung()))
    rung.get_ready()
    open_breaker("vllm")
    clock.now += PAUSE
    wire.default = says()
    rung.probe()
    assert not dispatch.breakers.get("vllm").passes


def test_what_a_rung_can_do_is_announced_and_taken_back(clock: Clock) -> None:
    host = RungHost("w1")
    host.rungs = [Rung("cpu", lambda: ScriptedBackend(name="cpu"))]
    host.threads = 8
    host.rungs[0].get_ready()
    host.announce()
    (report,) = dispatch.rungs.reports()
    assert (report.ready, report.slots, report.threads) == (True, 2, 8)
    assert dispatch.queue_for([]) == "cpu"
    host.stop()
    assert dispatch.rungs.reports() == []
    assert dispatch.queue_for([]) == "default"


def test_a_model_that_cannot_be_loaded_says_why_and_is_tried_again(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[ScriptedBackend] = []

    def load() -> ScriptedBackend:
        if not there:
            raise BackendUnavailable("It needs 5.6 GiB and 4.0 GiB are free.")
        return there[0]

    host = RungHost("w1")
    host.rungs = [rung] = [Rung("gpu", load)]
    rung.get_ready()
    host.announce()
    (report,) = dispatch.rungs.reports()
    assert not report.ready
    assert "5.6 GiB" in report.reason
    there.append(ScriptedBackend(name="gpu"))
    rung.look_after()
    assert rung.backend is None, "not at once"
    monkeypatch.setattr(rung_host, "RETRY_SECONDS", 0.0)
    rung.look_after()
    assert rung.report("w1", 1, 0).ready


def test_a_server_that_is_away_is_not_ready_until_it_is_back(
    wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conversations.inference.remote_backend.CHECK_SECONDS", 0.0)
    rung = Rung("vllm", lambda: RemoteBackend(wire.rung()))
    rung.get_ready()
    for status, ready, why in ((503, True, ""), (500, False, "HTTP 500"), (200, True, "")):
        wire.models_status = status
        rung.look_after()
        report = rung.report("w", 1, 0)
        assert report.ready is ready, f"HTTP {status}; busy is not away"
        assert why in report.reason


def test_announcements_of_other_versions_are_read(clock: Clock) -> None:
    client: Any = dispatch.rungs._client
    old = {"tier": "cpu", "worker": "w0", "model": "m", "ready": True, "at": time.time()}
    client.hset("portal:rungs:cpu", mapping={
        "w0": json.dumps(old), "w1": json.dumps({**old, "worker": "w1", "later": 1}), "w2": "{",
    })  # fmt: skip
    assert {report.worker for report in dispatch.rungs.reports()} == {"w0", "w1"}


def test_workers_serve_the_queues_of_their_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    both = json.dumps([
        {"name": "a", "url": "https://a/v1", "model": "m", "slots": 4},
        {"name": "b", "url": "https://b/v1", "model": "m", "slots": 400},
    ])  # fmt: skip
    monkeypatch.setattr(settings, "CONFIG", replace(settings.CONFIG, remote_rungs=both, tier="cpu"))
    assert serves("remote") == (["a", "b"], 64)
    assert serves("model") == (["cpu"], 8)
    assert serves("default") == (["default"], 4)
    monkeypatch.setattr(settings, "CONFIG", replace(settings.CONFIG, remote_rungs=""))
    with pytest.raises(CommandError, match="names no server"):
        serves("remote")


def test_a_worker_holds_the_rungs_of_its_queues_best_first(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "remote_rungs", (wire.rung(),))
    monkeypatch.setattr(dispatch, "LADDER", ("gpu", "vllm", "cpu"))
    assert [rung.name for rung in worker.rungs_in({"cpu", "vllm", "other"})] == ["vllm", "cpu"]
    assert worker.rungs_in({"default"}) == []
    (remote,) = worker.rungs_in({"vllm"})
    remote.get_ready()
    assert isinstance(remote.backend, RemoteBackend)
