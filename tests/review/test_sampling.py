"""The weekly sample: fair to small strata, the same each time, and its weights add up."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from conversations.services.review_estimate import agreement, weighted_rate, wilson
from conversations.services.review_sampling import Stratum, allocate, draw, shares, wants_second

STRATA = st.builds(
    Stratum,
    topic=st.sampled_from(["orders", "returns", "account", "gifts", ""]),
    decision=st.sampled_from(["answer", "clarify", "escalate"]),
    tier=st.sampled_from(["gpu", "cpu", ""]),
)
WEEKS = st.lists(STRATA, max_size=150).map(
    lambda found: [(f"turn-{number}", stratum) for number, stratum in enumerate(found)]
)


@given(WEEKS, st.integers(1, 60), st.integers(0, 2**32))
def test_the_weights_of_a_draw_add_up_to_the_week(
    week: list[tuple[str, Stratum]], size: int, seed: int
) -> None:
    drawn = draw(week, size=size, seed=seed)
    assert len(drawn) == min(size, len(week))
    assert len({one.turn_id for one in drawn}) == len(drawn)
    assert round(sum(one.weight for one in drawn), 6) == len(week)
    assert all(one.weight >= 1 for one in drawn)
    assert sum(share.population for share in shares(drawn)) == len(week)


@given(WEEKS, st.integers(1, 60), st.integers(0, 2**32))
def test_a_draw_is_the_same_again_whatever_the_order(
    week: list[tuple[str, Stratum]], size: int, seed: int
) -> None:
    assert draw(week, size=size, seed=seed) == draw(week[::-1], size=size, seed=seed)


def test_another_seed_draws_others() -> None:
    week = [(f"turn-{number}", Stratum("a", "answer", "cpu")) for number in range(500)]
    one, other = (draw(week, size=50, seed=seed) for seed in (1, 2))
    assert {item.turn_id for item in one} != {item.turn_id for item in other}


def test_a_small_stratum_is_seen_and_the_rest_is_in_proportion() -> None:
    big, middle, small = (Stratum(name, "answer", "cpu") for name in ("big", "middle", "small"))
    assert allocate({big: 800, middle: 190, small: 10}, 60) == {big: 48, middle: 11, small: 1}


def test_every_turn_of_a_stratum_is_as_likely_as_the_next() -> None:
    week = [(f"turn-{number}", Stratum("a", "answer", "cpu")) for number in range(20)]
    seen = Counter(item.turn_id for seed in range(400) for item in draw(week, size=5, seed=seed))
    assert all(60 <= seen[turn_id] <= 145 for turn_id, _ in week)  # 100 expected


def test_a_share_of_the_sample_is_judged_twice() -> None:
    twice = sum(wants_second(f"turn-{number}", seed=3, share=0.1) for number in range(2_000))
    assert 150 <= twice <= 250


def test_the_rate_weighs_what_each_turn_stands_for() -> None:
    rate = weighted_rate([(90.0, False), (10.0, True)])
    assert rate
    assert rate.share == 0.1
    assert rate.low < 0.1 < rate.high
    assert rate.effective < 2
    assert weighted_rate([]) is None


def test_equal_weights_give_the_textbook_interval() -> None:
    rate = weighted_rate([(3.0, number < 8) for number in range(100)])
    assert rate
    low, high = wilson(0.08, 100)
    assert (round(low, 4), round(high, 4)) == (0.0411, 0.15)
    assert (rate.share, round(rate.low, 9), round(rate.high, 9)) == (
        0.08,
        round(low, 9),
        round(high, 9),
    )


def test_kappa_is_agreement_beyond_chance() -> None:
    pairs = [("right", "right")] * 20 + [("wrong", "wrong")] * 15
    pairs += [("right", "wrong")] * 5 + [("wrong", "right")] * 10
    found = agreement(pairs)
    assert found
    assert found.kappa is not None
    assert (found.pairs, found.agreed, round(found.kappa, 3)) == (50, 0.7, 0.4)
    assert agreement([]) is None
    always = agreement([("right", "right")] * 3)
    assert always
    assert always.kappa is None
