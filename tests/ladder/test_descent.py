"""One turn's way down the ladder, and the queue it is sent to in the first place."""

import time
from typing import Any

import pytest

from conversations import dispatch
from conversations.inference.backend import BackendBusy, BackendLoad, BackendUnavailable
from conversations.inference.breaker import Breaker
from conversations.inference.ladder import Ladder, NoBreakers
from conversations.inference.rungs import RungReport
from conversations.inference.scripted import ScriptedBackend

ORDER = ("gpu", "vllm", "cpu")


class Loaded(ScriptedBackend):
    def __init__(self, name: str, *, first_s: float = 0.0, active: int = 0, slots: int = 8) -> None:
        super().__init__(name=name)
        self.figures = BackendLoad(
            active=active, waiting=0, slots=slots, predicted_first_token_s=first_s
        )

    def load(self) -> BackendLoad:
        return self.figures


class Book(NoBreakers):
    def __init__(self, *shut: str) -> None:
        self.shut, self.failures = shut, list[str]()

    def get(self, rung: str) -> Breaker:
        return Breaker(held="open" if rung in self.shut else "auto")

    def failed(self, rung: str, reason: str) -> Breaker:
        self.failures.append(rung)
        return Breaker()


def report(tier: str, **changes: Any) -> RungReport:
    figures = {"worker": tier, "model": "m", "ready": True, "at": time.time(), "slots": 8}
    return RungReport(tier, **{**figures, **changes})


def ladder(*backends: ScriptedBackend, book: Book | None = None, **more: Any) -> Ladder:
    return Ladder(
        backends=lambda: backends,
        breakers=book or Book(),
        order=ORDER,
        budget=0.35,
        promise=0.5,
        **more,
    )


def test_the_best_rung_that_keeps_the_promise_writes_and_the_way_is_written_down() -> None:
    closed = Loaded("gpu")
    closed.close()
    descent = ladder(closed, Loaded("vllm", first_s=0.8), Loaded("cpu")).descent()
    chosen = descent.next(shown=False)
    assert chosen is not None
    assert chosen.name == "cpu"
    descent.wrote(chosen)
    gpu, vllm, cpu = descent.steps
    assert (gpu["did"], gpu["why"]) == ("passed_over", "not ready")
    assert (vllm["why"], vllm["predicted_ms"], vllm["allowed_ms"]) == ("late", 800, 350)
    assert cpu == {"rung": "cpu", "did": "wrote"}
    assert descent.tried == ["gpu", "vllm", "cpu"]


def test_what_search_took_is_not_left_for_the_model() -> None:
    slow = ladder(Loaded("vllm", first_s=0.3))
    assert slow.descent(elapsed=0.1).peek() == "vllm"
    assert slow.descent(elapsed=0.3).peek() == ""
    assert slow.descent(elapsed=2.0).peek() == "vllm", "late already: moving down helps nobody"


@pytest.mark.parametrize(
    ("backend", "shut", "why"),
    [
        (Loaded("cpu", active=2), (), "busy"),
        (Loaded("vllm", active=8), (), "busy"),
        (Loaded("vllm"), ("vllm",), "breaker open"),
    ],
)
def test_a_rung_that_cannot_now_is_passed_over(
    backend: Loaded, shut: tuple[str, ...], why: str
) -> None:
    descent = ladder(backend, book=Book(*shut)).descent()
    assert descent.peek() == ""
    assert descent.next(shown=False) is None
    assert descent.steps[0]["why"] == why


def test_only_faults_count_against_a_rung() -> None:
    book = Book()
    descent = ladder(book=book).descent()
    descent.lost(Loaded("vllm"), BackendBusy("is busy", 3.0))
    descent.lost(Loaded("vllm"), ValueError("too long"))
    assert book.failures == []
    descent.lost(Loaded("vllm"), BackendUnavailable("fell over"))
    assert book.failures == ["vllm"]
    assert [step["why"] for step in descent.steps] == ["is busy", "ValueError", "fell over"]


def test_another_workers_lower_rung_takes_over_where_it_is_in_time() -> None:
    others = [report("gpu"), report("vllm"), report("cpu", predicted_s=0.1)]
    mine = ladder(Loaded("vllm", active=8), elsewhere=lambda: others)
    descent = mine.descent(may_hand_on=True)
    assert descent.next(shown=False) is None
    assert descent.hand_on(shown=False) == "cpu"
    for busy in (report("cpu", active=8), report("cpu", predicted_s=0.3)):
        others[2] = busy
        descent = mine.descent(may_hand_on=True)
        descent.next(shown=False)
        assert descent.hand_on(shown=False) == ""
    others[2] = report("cpu", predicted_s=1.0)
    assert descent.hand_on(shown=True) == "cpu", "once words are shown there is more time"
    assert mine.descent(may_hand_on=True, tried=["cpu"]).hand_on(shown=False) == ""


@pytest.mark.parametrize(
    ("reports", "shut", "queue", "whys"),
    [
        ([], (), "default", []),
        ([report("gpu"), report("cpu")], (), "gpu", []),
        ([report("gpu"), report("cpu")], ("gpu",), "cpu", ["breaker open"]),
        ([report("gpu"), report("cpu")], ("gpu", "cpu"), "default", ["breaker open"] * 2),
        ([report("gpu", predicted_s=0.4), report("cpu")], (), "cpu", ["late"]),
        ([report("gpu", active=8), report("cpu")], (), "cpu", ["busy"]),
        ([report("gpu", active=8), report("cpu", active=8)], (), "gpu", []),
        (
            [report("cpu", waiting=3, threads=4, busy=4)],
            (), "default", ["turns wait in its queue"],
        ),
    ],
)  # fmt: skip
def test_a_turn_is_sent_where_the_promise_holds(
    reports: list[RungReport],
    shut: tuple[str, ...],
    queue: str,
    whys: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatch.rungs, "best", lambda: reports)
    monkeypatch.setattr(dispatch, "breakers", Book(*shut))
    chosen, steps = dispatch.route([])
    assert (chosen, [step.why for step in steps]) == (queue, whys)


def test_a_rung_whose_worker_is_gone_gets_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    old = report("gpu", at=time.time() - 60)
    dispatch.rungs.announce(old)
    dispatch.rungs.announce(report("cpu"))
    assert dispatch.queue_for([]) == "cpu"
    assert dispatch.queue_for(["cpu"]) == "default"
    dispatch.rungs.forget_worker("cpu")
    assert dispatch.queue_for([]) == "default"
