"""Limits in a real Redis: what is granted, what is refused, and what happens without it."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.conf import settings

from portal.core.limiter import PREFIX, Limiter, Rule, headers

RULE = Rule("test", 5, 60)


@pytest.fixture
def limiter() -> Limiter:
    return Limiter(settings.REDIS_URL)


def test_as_many_as_the_rule_says_are_granted_and_then_the_wait_is_told(limiter: Limiter) -> None:
    left = [limiter.take((RULE, "a")).remaining for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    refused = limiter.take((RULE, "a"))
    assert not refused.allowed
    assert refused.rule == RULE
    assert 10 < refused.retry_after <= 12
    assert 59 < refused.reset_after <= 60.001


def test_another_key_has_its_own_bucket(limiter: Limiter) -> None:
    for _ in range(6):
        limiter.take((RULE, "a"))
    assert limiter.take((RULE, "b")).allowed


def test_the_bucket_refills_evenly(limiter: Limiter) -> None:
    quick = Rule("quick", 2, 0.4)
    assert [limiter.take((quick, "a")).allowed for _ in range(3)] == [True, True, False]
    time.sleep(0.25)
    assert [limiter.take((quick, "a")).allowed for _ in range(2)] == [True, False]


def test_a_refusal_takes_nothing_from_the_other_buckets(limiter: Limiter) -> None:
    one = Rule("one", 1, 60)
    limiter.take((one, "a"))
    for _ in range(9):
        assert not limiter.take((RULE, "a"), (one, "a")).allowed
    assert limiter.take((RULE, "a")).remaining == 4


def test_cost_counts_and_one_that_no_bucket_holds_is_never_granted(limiter: Limiter) -> None:
    assert limiter.take((RULE, "a", 4)).remaining == 1
    assert not limiter.take((RULE, "a", 2)).allowed
    assert not limiter.take((RULE, "fresh", 6)).allowed


def test_a_count_of_zero_sets_no_limit(limiter: Limiter) -> None:
    off = Rule("off", 0, 60)
    assert all(limiter.take((off, "a")).allowed for _ in range(50))


def test_many_threads_get_exactly_what_the_rule_grants(limiter: Limiter) -> None:
    with ThreadPoolExecutor(8) as pool:
        granted = list(pool.map(lambda _: limiter.take((RULE, "race")).allowed, range(40)))
    assert sum(granted) == 5


def test_places_are_held_given_back_and_fall_free_when_nobody_renews(limiter: Limiter) -> None:
    places = Rule("places", 2, 1)
    assert limiter.hold(places, "a", "x")
    assert limiter.hold(places, "a", "y")
    assert not limiter.hold(places, "a", "z")
    assert limiter.hold(places, "a", "x")  # again: renewed
    limiter.drop(places, "a", "y")
    assert limiter.hold(places, "a", "z")
    time.sleep(2.1)
    assert limiter.hold(places, "a", "new")


def test_no_address_or_name_stands_in_redis(limiter: Limiter, redis_client: redis.Redis) -> None:
    limiter.take((RULE, "203.0.113.7"))
    keys = [key.decode() for key in redis_client.scan_iter(f"{PREFIX}*")]
    assert keys
    assert not any("203" in key for key in keys)


def test_every_key_runs_out(limiter: Limiter, redis_client: redis.Redis) -> None:
    limiter.take((RULE, "a"))
    limiter.hold(Rule("places", 2, 30), "a", "x")
    assert all(0 < redis_client.ttl(key) <= 61 for key in redis_client.scan_iter(f"{PREFIX}*"))


def test_without_redis_all_is_allowed_with_one_line_and_no_second_wait(
    caplog: pytest.LogCaptureFixture,
) -> None:
    limiter = Limiter("redis://127.0.0.1:1/0")
    with caplog.at_level(logging.WARNING, "portal.limiter"):
        assert all(limiter.take((RULE, "a")).allowed for _ in range(20))
        assert limiter.hold(Rule("places", 1, 30), "a", "x")
    assert len(caplog.records) == 1


def test_the_headers_say_what_is_left_and_when_to_come_back(limiter: Limiter) -> None:
    verdict = limiter.take((RULE, "a", 5))
    assert headers(RULE, verdict) == {
        "RateLimit-Limit": "5",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "60",
    }
    assert headers(RULE, limiter.take((RULE, "a")))["Retry-After"] == "12"
