"""Slips of the keyboard are mended before a search; names, codes and rare words stay."""

import pytest

from conversations.retrieval.corpus import CorpusPassage, build_statistics
from conversations.retrieval.followup import resolve
from conversations.retrieval.spelling import MOST_CORRECTED, Spelling, slips
from conversations.retrieval.types import SearchQuery

ARTICLES = frozenset("prices of cast iron pans cancel an order pieces password guarantee".split())


@pytest.fixture(scope="module")
def spelling() -> Spelling:
    return Spelling()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("how do i cancle it by mistaek", "how do i cancel it by mistake"),
        ("garantee on cast iorn pans", "guarantee on cast iron pans"),
        ("can i pay in peices liek that", "can i pay in pieces like that"),
        ("WHER IS MY PAKAGE", "when IS MY package"),
        ("Forgott my pasword", "forgot my password"),
    ],
)
def test_slips_are_mended(spelling: Spelling, typed: str, meant: str) -> None:
    mended, corrections = spelling.correct(typed, ARTICLES)
    assert mended.lower() == meant.lower()
    assert all(item.typed in typed for item in corrections)


@pytest.mark.parametrize(
    "text",
    [
        "does the Brygge come with a lid",  # a name inside the sentence
        "error EPIPEX on libfoox.so at foo@brokken.example and /usr/brokken/x",
        "my frying basket burnt",  # a rare word that exists, though "trying" is more common
        "",
        "🙂 …",
    ],
)
def test_what_may_be_meant_is_left_alone(spelling: Spelling, text: str) -> None:
    assert spelling.correct(text, ARTICLES) == (text, ())


def test_a_word_of_the_articles_is_no_slip(spelling: Spelling) -> None:
    assert spelling.correct("a brokken pan", frozenset({"brokken"}))[0] == "a brokken pan"


def test_a_text_full_of_unknown_words_is_not_english(spelling: Spelling) -> None:
    text = " ".join(["garantee"] * (MOST_CORRECTED + 1))
    assert spelling.correct(text, ARTICLES) == (text, ())


def test_letters_that_changed_places_count_less_than_another_letter() -> None:
    assert slips("iorn", "iron") < slips("iorn", "born")
    assert slips("arived", "arrived") < slips("arived", "derived")
    assert slips("same", "same") == 0


def test_a_question_is_searched_as_it_was_meant_and_says_so(spelling: Spelling) -> None:
    corpus = build_statistics([CorpusPassage(1, "Cancel an order", "body", "How to cancel.")])
    found = resolve(SearchQuery("cancle the order"), corpus, spelling)
    assert found.text == "cancel the order"
    assert [(item.typed, item.meant) for item in found.corrections] == [("cancle", "cancel")]


@pytest.mark.parametrize(
    "query",
    [
        SearchQuery("Wie kann ich meine Bestelung stornieren und wann"),
        SearchQuery("stornieren bestelung", language="de"),
    ],
)
def test_other_languages_are_searched_as_they_were_typed(
    spelling: Spelling, query: SearchQuery
) -> None:
    corpus = build_statistics([CorpusPassage(1, "Cancel an order", "body", "How to cancel.")])
    assert resolve(query, corpus, spelling).text == query.text
