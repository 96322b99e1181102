"""Answer, ask back or hand over: bounded, explained, and never asked back twice in a row."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.dialogue.calibration import (
    ANY_RUNG,
    AdditiveModel,
    Calibration,
    Shape,
    conservative,
    load,
)
from conversations.dialogue.guarantee import CurvePoint
from conversations.dialogue.policy import decide
from conversations.retrieval.types import ArticleHit, SearchQuery, SearchResult

QUERY = SearchQuery("how do I return a gift?")


def article(number: int, score: float) -> ArticleHit:
    return ArticleHit(number, f"a{number}", 1, f"Article {number}", "", score, ())


def result(*scores: float, **signals: float) -> SearchResult:
    hits = tuple(article(number, score) for number, score in enumerate(scores, start=1))
    return SearchResult("q", hits, signals)


def by_share(*, among: float = 3.0) -> Calibration:
    """Confident above even odds of the best article; the threshold at 5 % is 0.5."""
    top = AdditiveModel(0.0, {"share": Shape((0.0,), (-3.0, 3.0))})
    points = (CurvePoint(0.5, 1_000.0, 10.0), CurvePoint(0.01, 2_000.0, 800.0))
    return Calibration(top, AdditiveModel(among, {}), {ANY_RUNG: points})


def test_a_confident_search_is_answered_with_its_best_article_first() -> None:
    decision = decide(result(9, 3, share=0.9), QUERY, by_share(), max_error=0.05)
    assert (decision.action, decision.reason) == ("answer", "confident")
    assert decision.article_ids[0] == 1


def test_an_empty_search_is_handed_over() -> None:
    decision = decide(result(), QUERY, load(), max_error=0.05)
    assert (decision.action, decision.reason) == ("escalate", "no_article")
    assert decision.article_ids == ()


def test_two_near_articles_are_offered_as_choices() -> None:
    decision = decide(result(5, 4.9, 2, share=0.4), QUERY, by_share(), max_error=0.05)
    assert decision.action == "clarify"
    assert [choice.article_id for choice in decision.choices] == [1, 2, 3]


def test_an_article_that_is_far_behind_is_not_offered() -> None:
    decision = decide(result(5, 4.9, 0.9, share=0.4), QUERY, by_share(), max_error=0.05)
    assert [choice.article_id for choice in decision.choices] == [1, 2]


def test_it_never_asks_back_twice_in_a_row() -> None:
    decision = decide(
        result(5, 4.9, share=0.4), QUERY, by_share(), max_error=0.05, last_action="clarify"
    )
    assert (decision.action, decision.reason) == ("escalate", "clarify_failed")


def test_one_article_alone_is_offered_as_a_question() -> None:
    decision = decide(result(5, 0.5, share=0.4), QUERY, by_share(), max_error=0.05)
    assert (decision.action, decision.reason) == ("clarify", "one_article")
    assert [choice.article_id for choice in decision.choices] == [1]


def test_an_improbable_offer_is_not_made() -> None:
    decision = decide(result(5, share=0.4), QUERY, by_share(among=-0.5), max_error=0.05)
    assert (decision.action, decision.reason) == ("escalate", "not_sure")


def test_nothing_near_is_named_so() -> None:
    decision = decide(result(5, 4.9, share=0.4), QUERY, by_share(among=-3.0), max_error=0.05)
    assert (decision.action, decision.reason) == ("escalate", "no_article")


def test_an_error_that_cannot_be_promised_is_never_answered() -> None:
    decision = decide(result(9, 1, share=1.0), QUERY, by_share(), max_error=0.001)
    assert decision.action != "answer"


def test_a_rung_with_its_own_curve_has_its_own_threshold() -> None:
    calibration = by_share()
    strict = (CurvePoint(0.99, 1_000.0, 10.0),)
    calibration = replace(calibration, curves={**calibration.curves, "cpu": strict})
    found = result(9, 3, share=0.9)
    assert decide(found, QUERY, calibration, max_error=0.05).action == "answer"
    assert decide(found, QUERY, calibration, max_error=0.05, rung="cpu").action != "answer"


def test_the_trace_explains_the_decision_and_is_json() -> None:
    decision = decide(result(9, 3, share=0.9), QUERY, load(), max_error=0.05)
    trace = json.loads(json.dumps(decision.trace))
    assert {"confidence", "threshold", "signals", "parts", "calibration"} <= set(trace)


@pytest.mark.parametrize("last", ["", "answer", "clarify", "escalate"])
@given(
    scores=st.lists(st.floats(-50, 50), max_size=5),
    share=st.floats(0, 1),
    max_error=st.floats(0.001, 0.5),
)
def test_every_search_gets_one_bounded_decision(
    last: str, scores: list[float], share: float, max_error: float
) -> None:
    found = result(*sorted(scores, reverse=True), share=share, centroid=share, cosine=share)
    for calibration in (load(), conservative()):
        decision = decide(found, QUERY, calibration, max_error=max_error, last_action=last)
        again = decide(found, QUERY, calibration, max_error=max_error, last_action=last)
        assert decision == again
        assert decision.action in ("answer", "clarify", "escalate")
        assert decision.confidence is not None
        assert 0 <= decision.confidence <= 1
        assert decision.action != "clarify" or last != "clarify"
        assert len(decision.choices) <= 3
