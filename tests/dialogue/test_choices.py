"""A reply to an offer of choices is understood as people write it."""

import pytest

from conversations.dialogue.choices import NONE, picked

LABELS = ("Return a large item", "Return a gift", "Cancel an order")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Return a gift", 1),
        ("  return   a GIFT ", 1),
        ("the second one", 1),
        ("2", 1),
        ("Option 3", 2),
        ("last one.", 2),
        ("first!", 0),
        ("the gift one", 1),
        ("gift", 1),
        ("cancel order", 2),
        ("return", None),  # two have it
        ("none of these", NONE),
        ("Neither.", NONE),
        ("no, thanks", NONE),
        ("something else", NONE),
        ("yes", None),  # which?
        ("no refund came", None),
        ("nothing happened when I clicked", None),
        ("how do I cancel my gift card order today please", None),
        ("", None),
    ],
)
def test_a_reply_to_choices_is_read_as_a_person_means_it(said: str, meant: int | None) -> None:
    assert picked(said, LABELS) == meant


def test_yes_takes_a_single_offer() -> None:
    assert picked("Yes please", LABELS[:1]) == 0
    assert picked("Yes, that one!", LABELS[:1]) == 0
    assert picked("yes but how much is it", LABELS[:1]) is None
    assert picked("no", LABELS[:1]) == NONE
    assert picked("second", LABELS[:1]) is None
