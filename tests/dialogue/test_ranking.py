"""Ranking: words, vectors, what was said before and how the articles lie to each other."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.retrieval.corpus import CorpusPassage, CorpusStatistics, build_statistics
from conversations.retrieval.followup import resolve
from conversations.retrieval.geometry import GeometryBuilder
from conversations.retrieval.ranking import rank
from conversations.retrieval.types import HistoryTurn, PassageHit, SearchQuery

HOTELS = [
    (1, "AVALON: Can I bring my dog?", "Pets are not allowed at Avalon."),
    (2, "AVALON: Is there parking?", "Parking is free for guests."),
    (3, "Hotel Nikko: Can I bring my dog?", "Dogs are welcome for a fee."),
    (4, "Hotel Nikko: Is there parking?", "Valet parking costs 60 dollars."),
]


def hit(number: int, title: str, text: str, cosine: float | None = None) -> PassageHit:
    return PassageHit(
        number, number, f"a{number}", 1, title, "", "", "body", text, cosine, None, 0.0
    )


def corpus(rows: list[tuple[int, str, str]] = HOTELS) -> CorpusStatistics:
    return build_statistics(CorpusPassage(n, title, "body", text) for n, title, text in rows)


def top(query: SearchQuery, rows: list[tuple[int, str, str]] = HOTELS) -> str:
    return rank(query, [hit(*row) for row in rows], corpus(rows)).articles[0].external_id


def test_no_candidates_give_an_empty_result_with_finite_signals() -> None:
    found = rank(SearchQuery("anything"), [], CorpusStatistics())
    assert found.articles == ()
    assert all(math.isfinite(value) for value in found.signals.values())


def test_one_article_is_ranked_alone() -> None:
    assert top(SearchQuery("parking?"), HOTELS[1:2]) == "a2"


@pytest.mark.parametrize(
    ("said", "expected"),
    [("I booked the Avalon", "a1"), ("we stay at the hotel niko", "a3")],
)
def test_the_hotel_is_taken_from_what_was_said_before(said: str, expected: str) -> None:
    history = (HistoryTurn("user", said), HistoryTurn("agent", "Good choice."))
    assert top(SearchQuery("may my dog come too?", history)) == expected


def test_the_latest_subject_counts() -> None:
    history = (
        HistoryTurn("user", "Is the Avalon nice?"),
        HistoryTurn("agent", "Yes. There is also one called Hotel Nikko."),
        HistoryTurn("user", "Let us take Hotel Nikko then"),
    )
    assert top(SearchQuery("is there parking?", history)) == "a4"


def test_a_misspelt_word_finds_its_article() -> None:
    rows = [(1, "Warranty", "How long the guarantee lasts."), (2, "Delivery", "Where we ship.")]
    assert top(SearchQuery("waranty"), rows) == "a1"


def test_a_question_without_history_is_searched_as_it_is() -> None:
    assert resolve(SearchQuery("  refund "), CorpusStatistics()).texts == ("refund",)


def test_a_follow_up_is_searched_with_what_was_said_before() -> None:
    history = (HistoryTurn("user", "How do refunds work?"), HistoryTurn("agent", "In 5 days."))
    texts = resolve(SearchQuery("and for gift cards?", history), CorpusStatistics()).texts
    assert texts[0] == "and for gift cards?"
    assert "refunds" in texts[1]


def test_two_hundred_turns_cost_no_more_than_a_few() -> None:
    history = tuple(HistoryTurn("user", f"message {n} " * 50) for n in range(200))
    assert all(len(text) <= 3_000 for text in resolve(SearchQuery("so?", history), corpus()).texts)


def test_the_order_of_the_candidates_changes_nothing() -> None:
    query = SearchQuery("is there parking for my dog?")
    hits = [hit(*row) for row in HOTELS]
    first = rank(query, hits, corpus())
    random.Random(7).shuffle(hits)
    second = rank(query, hits, corpus())
    assert [a.external_id for a in first.articles] == [a.external_id for a in second.articles]
    assert first.signals == pytest.approx(second.signals)


@given(st.text(max_size=200), st.lists(st.text(max_size=80), max_size=3))
def test_any_question_gets_finite_signals(text: str, earlier: list[str]) -> None:
    query = SearchQuery(text, tuple(HistoryTurn("user", said) for said in earlier))
    found = rank(query, [hit(*row, 0.4) for row in HOTELS], corpus())
    assert len(found.articles) == len(HOTELS)
    assert all(math.isfinite(value) for value in found.signals.values())


def test_mixed_languages_are_ranked_by_their_own_words() -> None:
    rows = [
        (1, "Versandkosten", "Der Versand kostet 5 Euro nach Deutschland."),
        (2, "Frais de livraison", "La livraison coûte 5 euros."),
        (3, "配送料", "送料は500円です。"),
    ]
    assert top(SearchQuery("Wie teuer ist der Versand?"), rows) == "a1"
    assert top(SearchQuery("combien coûte la livraison"), rows) == "a2"


def vectors(seed: int, count: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, 16)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_an_article_is_nearest_to_its_own_passages() -> None:
    centres = vectors(1, 6)
    builder = GeometryBuilder()
    for number, centre in enumerate(centres):
        builder.add((number, "asked_as", centre + 0.2 * noise) for noise in vectors(number, 5))
    geometry = builder.build()
    assert geometry is not None
    likeness = geometry.likeness(centres[2:3], list(range(6)))
    assert int(likeness.values[0].argmax()) == 2
    assert geometry.scale["separable"] > 0.9
    assert geometry.scale["own"] > geometry.scale["other"]


def test_a_single_article_has_no_geometry() -> None:
    builder = GeometryBuilder()
    builder.add([(1, "title", vectors(1, 1)[0])])
    assert builder.build() is None


def test_an_article_unknown_to_the_geometry_is_ordinary() -> None:
    builder = GeometryBuilder()
    builder.add((number, "title", row) for number, row in enumerate(vectors(3, 10)))
    geometry = builder.build()
    assert geometry is not None
    likeness = geometry.likeness(vectors(4, 1), [0, 999])
    assert likeness.values[0][1] == pytest.approx(likeness.ordinary)
