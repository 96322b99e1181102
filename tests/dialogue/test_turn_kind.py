"""Turns are told apart before anything is searched; what is not recognised is a question."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.dialogue.turn_kind import Kind, classify
from conversations.retrieval.types import HistoryTurn

ASKED = (HistoryTurn("user", "I need help"), HistoryTurn("agent", "Is that the blue one?"))
TOLD = (HistoryTurn("user", "I need help"), HistoryTurn("agent", "Here you are."))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Hi", Kind.GREETING),
        ("hello Riley", Kind.GREETING),
        ("higood morning", Kind.GREETING),
        ("Goedemorgen", Kind.GREETING),
        ("ok thank you so much for your help", Kind.THANKS),
        ("Danke!", Kind.THANKS),
        ("bye", Kind.GOODBYE),
        ("have a great day", Kind.GOODBYE),
        ("yes please", Kind.YES),
        ("no thanks", Kind.THANKS),
        ("nope", Kind.NO),
        ("that's all", Kind.NO),
        ("are you there?", Kind.SMALL_TALK),
        ("are you a bot?", Kind.SMALL_TALK),
        ("can you help me?", Kind.HELP),
        ("I want to speak to a human", Kind.PERSON),
        ("get me an agent", Kind.PERSON),
        ("Ich möchte mit einem Mitarbeiter sprechen, sprechen mit einem Mitarbeiter", Kind.PERSON),
        ("I want to kill myself", Kind.EMERGENCY),
        ("The kettle caught fire", Kind.EMERGENCY),
        ("my toddler swallowed the button battery", Kind.EMERGENCY),
        ("you are useless", Kind.ABUSE),
        ("fuck you", Kind.ABUSE),
        ("I want to file a complaint", Kind.COMPLAINT),
        ("This is unacceptable.", Kind.COMPLAINT),
        ("", Kind.EMPTY),
        ("…!!", Kind.EMPTY),
        ("100482913", Kind.DETAIL),
        ("my order number is 100482", Kind.DETAIL),
    ],
)
def test_kinds_that_need_no_search_are_recognised(text: str, kind: Kind) -> None:
    found = classify(text)
    assert found.kind is kind
    assert not found.searches


@pytest.mark.parametrize(
    "text",
    [
        "How do I return a gift?",
        "refund",
        "opening hours",
        "Can I collect it in person?",
        "how do I become an agent",
        "How do I make a complaint?",
        "can you help me change my address",
        "hi there i would like to upgrade my internet",
        "ok but where is my parcel",
        "thanks, and how long does a refund take",
        "This thing is stupid, how do I reset it?",
        "how do I kill a running process",
        "is the pan fireproof",
        "i need to make a transfer",
        "Can I get a real card?",
        "iPhone 15 case",
        "error 404",
        "Hoe kan ik mijn bestelling annuleren?",
        "いつ届きますか",
    ],
)
def test_a_question_is_never_brushed_aside(text: str) -> None:
    assert classify(text).searches


def test_yes_answers_the_assistants_own_question_only_when_it_asked_one() -> None:
    assert classify("yes", ASKED).answers_question
    assert not classify("yes", TOLD).answers_question
    assert not classify("yes").answers_question


def test_self_harm_is_told_apart_from_danger() -> None:
    assert classify("i don't want to live anymore").self_harm
    assert not classify("there is a gas leak").self_harm


def test_self_harm_counts_in_a_long_message_too() -> None:
    story = "My parcel never came and I waited. " * 30 + "I want to end my life."
    assert classify(story).kind is Kind.EMERGENCY


def test_several_questions_are_split() -> None:
    found = classify("How long does a refund take? And can I exchange a gift?")
    assert found.kind is Kind.SEVERAL
    assert len(found.parts) == 2
    assert found.searches


def test_a_subject_line_repeated_by_the_text_is_one_question() -> None:
    text = "How do I reset my password? Please, how do I reset my password on the new site?"
    assert classify(text).kind is Kind.QUESTION


def test_a_bare_detail_needs_a_conversation_unless_it_is_plainly_a_number() -> None:
    assert classify("5 gb", TOLD).kind is Kind.DETAIL
    assert classify("5 gb").searches


@given(st.text(max_size=400), st.lists(st.text(max_size=50), max_size=3))
def test_any_text_has_a_kind(text: str, earlier: list[str]) -> None:
    history = tuple(HistoryTurn("user", said) for said in earlier)
    assert classify(text, history) == classify(text, history)


def test_a_turn_is_classified_in_a_millisecond() -> None:
    text = "I ordered two lamps last week and one of them flickers, what can I do about it? " * 5
    began = time.process_time()
    for _ in range(50):
        classify(text)
    assert (time.process_time() - began) / 50 < 0.005
