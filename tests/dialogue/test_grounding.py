"""A sentence goes out only when a passage supports its numbers, names, negation and words."""

import pytest

from conversations.dialogue.grounding import check, evidence, numbers, split_sentences
from conversations.dialogue.writer import GroundedWriter

RETURNS = evidence(
    1,
    "You can return an item within 30 days of delivery. Refunds are paid within 5 business days "
    "to the original payment method. Gift cards cannot be returned. Returns to our Rotterdam "
    "warehouse are free above €50.",
)


@pytest.mark.parametrize(
    "sentence",
    [
        "You can return items within 30 days of delivery.",
        "Refunds are paid to the original payment method within 5 business days.",
        "Refunds are paid within five business days.",
        "Gift cards cannot be returned.",
        "Returns above €50 are free.",
    ],
)
def test_a_sentence_that_the_passage_says_is_supported(sentence: str) -> None:
    assert check(sentence, [RETURNS]).supported


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("You can return an item within 60 days of delivery.", "number"),
        ("Refunds are paid within 2 weeks.", "number"),
        ("Gift cards can be returned.", "negation"),
        ("You cannot return an item within 30 days of delivery.", "negation"),
        ("Returns to our Hamburg warehouse are free above €50.", "name"),
        ("Every customer receives a birthday voucher from the chairman.", "coverage"),
        ("I will refund the item to your original payment method.", "promise"),
    ],
)
def test_a_sentence_that_the_passage_does_not_say_is_refused(sentence: str, reason: str) -> None:
    verdict = check(sentence, [RETURNS])
    assert not verdict.supported
    assert verdict.reason.startswith(reason)


def test_numbers_are_compared_by_value_and_not_by_spelling() -> None:
    assert numbers("1,000 parcels in 2.50 hours and three vans") == {"1000", "2.5", "3"}


def test_sentences_joined_are_the_text_and_lists_keep_their_numbers() -> None:
    text = "Do this:\n1. Open the app. Tap Returns.\n2. Print the label, e.g. at home. Done!"
    parts = split_sentences(text)
    assert "".join(parts) == text
    assert not any(part.strip() in {"1.", "2."} for part in parts)


def test_the_writer_shows_each_supported_sentence_before_the_next_is_written() -> None:
    shown: list[str] = []
    writer = GroundedWriter(passages=[RETURNS], show=shown.append)
    assert writer.feed("You can return an item within 30 days of delivery. Gift ")
    assert shown == ["You can return an item within 30 days of delivery. "]
    assert writer.feed("cards cannot be returned.")
    assert writer.finish()
    assert "".join(shown).endswith("Gift cards cannot be returned.")
    assert writer.sources == (1,)


def test_the_writer_shows_nothing_of_a_refused_sentence_nor_of_what_follows() -> None:
    shown: list[str] = []
    writer = GroundedWriter(passages=[RETURNS], show=shown.append)
    assert not writer.feed("Refunds take 14 days. You can return an item within 30 days. ")
    assert shown == []
    assert writer.refused.startswith("number")


def test_a_word_for_word_sentence_is_shown_as_it_is_written_and_finished_from_the_original() -> (
    None
):
    shown: list[str] = []
    original = "Refunds are paid within 5 business days to the original payment method."
    writer = GroundedWriter(passages=[RETURNS], show=shown.append, quotable={original: 1})
    for word in "Refunds are paid within ".split(" "):
        assert writer.feed(word + " " if word else "")
    assert "".join(shown) == "Refunds are paid within "
    assert not writer.feed("two weeks ")
    assert writer.refused == "diverged"
    assert "".join(shown) == "Refunds are paid within "


def test_a_sentence_that_says_the_same_again_ends_the_answer() -> None:
    shown: list[str] = []
    writer = GroundedWriter(passages=[RETURNS], show=shown.append)
    assert writer.feed("Gift cards cannot be returned. ")
    assert not writer.feed("Gift cards can not be returned. Gift cards cannot be returned. x")
    assert writer.refused == "repeated"
    assert "".join(shown).count("Gift cards") == 1


def test_an_item_of_a_list_is_read_under_its_lead_in() -> None:
    passage = evidence(
        1,
        "We deliver to the mainland of Spain.\n\nWe do not deliver to:\n"
        "- The Canary Islands, Ceuta and Melilla\n- Andorra",
    )
    assert not check("We deliver to the Canary Islands, Ceuta and Melilla.", [passage]).supported
    assert check("We do not deliver to Andorra.", [passage]).supported
    assert check("We deliver to the mainland of Spain.", [passage]).supported
