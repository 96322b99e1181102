"""The engine with its real scheduler and threads, on a runner that says the alphabet."""

import os
import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from conversations.inference.backend import BackendUnavailable
from conversations.inference.engine import Engine
from conversations.inference.engine_stream import EngineStream
from conversations.inference.prefixes import PrefixIndex
from conversations.inference.scheduler import Limits, Plan, Scheduler
from conversations.inference.scheduler import Sequence as Reply
from tests.inference.conftest import request_for

END = 26


class Alphabet:
    """After a letter comes the next; after z the end."""

    def __init__(self, best: list[int]) -> None:
        self.best = best

    def runner_up(self, row: int) -> int:
        return END


class AlphabetRunner:
    def __init__(self) -> None:
        self.rows: list[int] = []
        self.go = threading.Event()
        self.go.set()
        self.released = False
        self.broken = False

    def prepare(self) -> None:
        pass

    def step(self, plan: Plan) -> Alphabet:
        assert self.go.wait(10)
        if self.broken:
            raise RuntimeError("out of memory")
        time.sleep(0.001)
        self.rows.append(len(plan.writing))
        completed = [c.sequence.prompt[-1] + 1 for c in plan.chunks if c.completes]
        return Alphabet([*(s.output[-1] + 1 for s in plan.writing), *completed])

    def save(self, pages: Sequence[tuple[Reply, int, int]]) -> None:
        pass

    def release(self) -> None:
        self.released = True


def letters(tokens: Sequence[int]) -> str:
    return "".join(chr(97 + token) for token in tokens)


@pytest.fixture
def runner() -> AlphabetRunner:
    return AlphabetRunner()


@pytest.fixture
def engine(runner: AlphabetRunner) -> Iterator[Engine]:
    limits = Limits(slots=2, context=64, step_tokens=16)
    engine = Engine(
        runner=runner,
        scheduler=Scheduler(limits, PrefixIndex(pages=4, page_size=4)),
        decode=letters,
        end_tokens=frozenset({END}),
        model="alphabet",
    )
    yield engine
    engine.close()


def start(engine: Engine, first: int = 0, **options: object) -> EngineStream:
    return engine.start(request_for("x", **{"max_tokens": 40, **options}), [first])  # type: ignore[arg-type]


def eventually(check: object) -> None:
    deadline = time.monotonic() + 5
    while not check():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_reply_ends_where_the_model_ends_it(engine: Engine) -> None:
    stream = start(engine)
    assert "".join(stream) == "bcdefghijklmnopqrstuvwxyz"
    assert stream.stats.finish_reason == "stop"
    assert stream.stats.output_tokens == 25
    assert stream.stats.prompt_tokens == 1
    assert stream.stats.first_token_s is not None


def test_many_threads_read_their_own_replies(engine: Engine, runner: AlphabetRunner) -> None:
    replies: dict[int, str] = {}

    def read(first: int) -> None:
        replies[first] = "".join(start(engine, first))

    threads = [threading.Thread(target=read, args=(first,)) for first in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert replies == {first: letters(range(first + 1, 26)) for first in range(20)}
    assert max(runner.rows) == 2


def test_max_tokens_and_stop_strings_end_a_reply(engine: Engine) -> None:
    short = start(engine, max_tokens=3)
    assert "".join(short) == "bcd"
    assert short.stats.finish_reason == "length"
    stopped = start(engine, stop="fg")
    assert "".join(stopped) == "bcde"
    assert stopped.stats.finish_reason == "stop"


def test_cancelling_frees_the_slot_at_once(engine: Engine, runner: AlphabetRunner) -> None:
    runner.go.clear()
    first, second, waiting = start(engine), start(engine), start(engine, 20)
    first.cancel()
    assert list(first) == []
    assert first.stats.finish_reason == "cancelled"
    second.cancel()
    runner.go.set()
    assert "".join(waiting) == "vwxyz"
    eventually(lambda: engine.load().active == 0)


def test_leaving_a_stream_in_the_middle_cancels_it(engine: Engine, runner: AlphabetRunner) -> None:
    stream = start(engine)
    reader = iter(stream)
    next(reader)
    reader.close()  # type: ignore[attr-defined]
    assert stream.stats.finish_reason == "cancelled"
    eventually(lambda: engine.load().active == 0)


def test_a_deadline_ends_a_reply_that_waits(engine: Engine, runner: AlphabetRunner) -> None:
    stream = start(engine, seconds=0.0)
    assert list(stream) == []
    assert stream.stats.finish_reason == "deadline"
    assert stream.stats.first_token_s is None


def test_a_blank_at_the_end_of_the_prefix_is_not_said_twice(engine: Engine) -> None:
    # "b" is said after a prefix that ends in "b": only real blanks are swallowed.
    assert "".join(start(engine, prefix="ab")).startswith("bc")


def test_a_broken_step_fails_all_streams_with_a_reason(
    engine: Engine, runner: AlphabetRunner
) -> None:
    runner.go.clear()
    streams = [start(engine), start(engine), start(engine)]
    runner.broken = True
    runner.go.set()
    for stream in streams:
        with pytest.raises(BackendUnavailable, match="out of memory"):
            list(stream)
    assert not engine.alive
    with pytest.raises(BackendUnavailable, match="restart the worker"):
        start(engine)
    assert runner.released


def test_closing_ends_streams_as_cancelled(engine: Engine, runner: AlphabetRunner) -> None:
    runner.go.clear()
    stream = start(engine)
    closer = threading.Thread(target=engine.close)
    closer.start()
    runner.go.set()
    list(stream)
    closer.join(5)
    assert stream.stats.finish_reason == "cancelled"
    with pytest.raises(BackendUnavailable, match="closed"):
        start(engine)


def test_a_prompt_that_cannot_fit_is_refused_with_the_numbers(engine: Engine) -> None:
    with pytest.raises(ValueError, match="The prompt has 64 tokens"):
        engine.start(request_for("x"), list(range(64)))


def test_the_load_tells_who_is_waiting(engine: Engine, runner: AlphabetRunner) -> None:
    assert engine.load().predicted_first_token_s < 1
    runner.go.clear()
    streams = [start(engine) for _ in range(5)]
    eventually(lambda: engine.load().active + engine.load().waiting == 5)
    assert engine.load().slots == 2
    runner.go.set()
    for stream in streams:
        list(stream)


def test_the_thread_that_writes_stands_back_and_no_other_does() -> None:
    from conversations.inference.llama_runner import BEHIND
    from portal.core.priority import stand_back

    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    found: list[int] = []

    def write() -> None:
        stand_back(BEHIND)
        found.append(priority())

    before = priority()
    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    process = os.getpriority(os.PRIO_PROCESS, os.getpid())
    assert found == [min(19, max(before, process + BEHIND))]
    assert priority() == before
