"""The circuit breaker: pure transitions, shared by workers, alone without Redis."""

import redis
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from conversations.inference import breaker as states
from conversations.inference.breaker import FAILURES, PAUSE, PROBE_SECONDS, Breaker
from conversations.inference.breaker_store import Breakers, key


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker = states.failed(breaker, now, "it fell over")
    return breaker


def test_several_failures_open_it_and_scattered_ones_do_not() -> None:
    assert not opened().passes
    assert opened().reason == "it fell over"
    scattered = Breaker()
    for minute in range(20):
        scattered = states.failed(scattered, 60.0 * minute, "now and then")
    assert scattered.passes
    interrupted = Breaker()
    for _ in range(20):
        interrupted = states.succeeded(states.failed(interrupted, 0.0, "x"), 0.0)
    assert interrupted.passes


def test_one_probe_at_a_time_decides_after_the_pause() -> None:
    breaker = opened()
    assert states.probing(breaker, PAUSE - 1) is None
    half = states.probing(breaker, PAUSE)
    assert half is not None
    assert not half.passes
    assert states.probing(half, PAUSE + 1) is None
    assert states.probing(half, PAUSE + PROBE_SECONDS) is not None, "a prober that died"
    assert states.succeeded(half, PAUSE + 1).passes
    again = states.failed(half, PAUSE + 1, "still dead")
    assert again.until == PAUSE + 1 + 2 * PAUSE
    assert states.succeeded(opened(), 1.0) == opened(), "an old request's success is no probe"


def test_a_hand_holds_it_against_all_events() -> None:
    shut = states.held(Breaker(), 0.0, "open")
    assert not shut.passes
    assert not shut.probe_due(1e9)
    forced = states.held(opened(), 0.0, "closed")
    assert forced.passes
    assert states.held(forced, 0.0, "auto") == Breaker()


@given(st.lists(st.tuples(st.sampled_from(["failed", "succeeded", "probe"]), st.floats(0, 40))))
def test_it_never_stays_open_without_a_probe_to_come(events: list[tuple[str, float]]) -> None:
    breaker, now = Breaker(), 0.0
    for event, wait in events:
        now += wait
        if event == "failed":
            breaker = states.failed(breaker, now, "x")
        elif event == "succeeded":
            breaker = states.succeeded(breaker, now)
        else:
            breaker = states.probing(breaker, now) or breaker
    assert breaker.passes or breaker.probe_due(now + states.LONGEST_PAUSE + PROBE_SECONDS)


def test_workers_share_it_and_only_one_probes(redis_client: redis.Redis) -> None:
    clock = Clock()
    mine, other = (Breakers(settings.REDIS_URL, clock=clock) for _ in range(2))
    for number in range(FAILURES):
        (mine if number % 2 else other).failed("gpu", "no answer")
    assert not Breakers(settings.REDIS_URL, clock=clock).get("gpu").passes
    clock.now += PAUSE
    assert [mine.take_probe("gpu"), other.take_probe("gpu")].count(True) == 1
    mine.succeeded("gpu")
    assert Breakers(settings.REDIS_URL).get("gpu").passes


def test_what_nobody_understands_counts_as_closed(redis_client: redis.Redis) -> None:
    redis_client.set(key("gpu"), '{"position": "ajar"')
    assert Breakers(settings.REDIS_URL).get("gpu").passes


def test_without_redis_each_process_has_its_own() -> None:
    alone = Breakers("redis://127.0.0.1:1/0")
    for _ in range(FAILURES):
        alone.failed("gpu", "no answer")
    assert not alone.get("gpu").passes
    assert Breakers("redis://127.0.0.1:1/0").get("gpu").passes
