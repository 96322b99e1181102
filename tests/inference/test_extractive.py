"""The extractive rung: the right sentences, word for word, in readable Markdown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.inference.extractive import ExtractiveAnswer, Source, compose, pieces
from conversations.inference.markdown_units import units

RETURNS = Source(
    1,
    "Return an item",
    "/help/return-an-item/",
    "Returns",
    """Most items can be returned within 30 days of delivery. Items must be unused.

## How to send it back

To start a return:

1. Open **Your orders** and choose the item.
2. Print the label, e.g. at home.

3. Drop the parcel at any pick-up point.

Refunds arrive on the card that you paid with. It takes 5 business days.

| Country | Price |
|---|---|
| Germany | 4.90 |

## Exceptions

Gift cards cannot be returned.""",
)
DELIVERY = Source(
    2,
    "Delivery times",
    "/help/delivery-times/",
    "Delivery",
    "Standard delivery takes 2 to 4 working days. Express arrives the next day.",
)
STEPS = """1. Open **Your orders** and choose the item.
2. Print the label, e.g. at home.
3. Drop the parcel at any pick-up point."""


def answer(question: str, *, prefix: str = "") -> ExtractiveAnswer:
    return compose(question=question, sources=[RETURNS, DELIVERY], prefix=prefix)


@pytest.mark.parametrize(
    ("question", "sentence", "cited"),
    [
        ("Can I return a gift card?", "Gift cards cannot be returned.", 1),
        ("what does it cost to send it from germany, price?", "| Germany | 4.90 |", 1),
        ("when does the express delivery come", "Express arrives the next day.", 2),
    ],
)
def test_the_sentence_that_answers_is_said_and_not_the_top_of_the_article(
    question: str, sentence: str, cited: int
) -> None:
    found = answer(question)
    assert sentence in found.text
    assert cited in found.cited
    assert "Items must be unused" not in found.text


def test_a_numbered_list_stays_whole_and_keeps_its_lead_in() -> None:
    assert f"To start a return:\n\n{STEPS}" in answer("how do I start to return it?").text


def test_a_sentence_that_refers_back_brings_what_it_refers_to() -> None:
    text = answer("how many business days").text
    assert text == "Refunds arrive on the card that you paid with. It takes 5 business days."


def test_everything_said_is_in_a_source_word_for_word() -> None:
    found = answer("return refund delivery price gift card")
    both = {1: RETURNS, 2: DELIVERY}
    for extract in found.extracts:
        lines = extract.text.splitlines()
        assert all(line in both[extract.source].text for line in lines)
        assert extract.text in found.text


def test_a_question_without_a_known_word_gets_the_beginning_of_the_best_passage() -> None:
    found = answer("qwertz")
    assert found.text == "Most items can be returned within 30 days of delivery."


def test_an_answer_is_short() -> None:
    wordy = Source(1, "T", "", "", " ".join(f"Refunds number {n} arrive soon." for n in range(60)))
    found = compose(question="refunds arrive", sources=[wordy])
    assert 0 < len(found.text.split()) <= 100


def test_a_quotation_that_broke_off_is_finished_and_not_repeated() -> None:
    found = answer("refund on my card?", prefix="Refunds arrive on the card")
    assert found.text.startswith(" that you paid with.")
    assert found.text.count("Refunds") == 0
    assert found.cited[0] == 1


def test_a_foreign_sentence_that_broke_off_ends_honestly() -> None:
    found = answer("gift cards returned?", prefix="I believe that **you can")
    assert found.text.startswith("**…\n\n")
    assert "Gift cards cannot be returned." in found.text


def test_what_was_said_is_not_said_again() -> None:
    found = answer("gift cards returned?", prefix="Gift cards cannot be returned. ")
    assert "Gift cards" not in found.text


def test_without_sources_there_is_nothing_to_say() -> None:
    assert compose(question="x", sources=[]) == ExtractiveAnswer("", ())


@given(st.text(max_size=200))
def test_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


@given(st.text("ab .\n-1|#`", max_size=120), st.text("ab .`*", max_size=30))
def test_any_markdown_can_be_quoted(markdown: str, prefix: str) -> None:
    compose(question="a b", sources=[Source(1, "a", "", "", markdown)], prefix=prefix)


def test_abbreviations_do_not_end_a_sentence_and_code_stays_whole() -> None:
    found = units("Ask Dr. Smith, e.g. Monday. Done!\n\n```\na. B\nc\n```")
    assert [(u.kind, u.text) for u in found] == [
        ("sentence", "Ask Dr. Smith, e.g. Monday."),
        ("sentence", "Done!"),
        ("code", "```\na. B\nc\n```"),
    ]


def test_a_table_of_contents_is_no_answer_and_a_lead_in_keeps_its_list() -> None:
    text = (
        "Learn how to track an order.\n\n**In this article:**\n\n"
        "- [By mail](#mail)\n- [By app](#app)\n\n"
        "You can track an order in two ways. **From the order page:**\n\n"
        "1. Open the order.\n2. Press Track."
    )
    answer = compose(
        question="How do I track an order?", sources=[Source(1, "Track your order", "", "", text)]
    )
    assert "#mail" not in answer.text
    assert "In this article" not in answer.text
    assert not answer.text.rstrip("* ").endswith(":")
