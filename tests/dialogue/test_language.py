"""A language is named only where it is plain."""

import pytest

from conversations.dialogue.language import HAND_OVER, detect, hand_over


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Wie lange kann ich etwas zurückgeben?", "de"),
        ("Hoe kan ik mijn bestelling retourneren?", "nl"),
        ("Où est mon colis ?", "fr"),
        ("¿Cómo puedo devolver un pedido?", "es"),
        ("Come posso restituire il mio ordine?", "it"),
        ("Jak mogę zwrócić zamówienie?", "pl"),
        ("كيف يمكنني إرجاع طلبي", "ar"),
        ("返品するにはどうすればいいですか", "ja"),
        ("How do I return my order?", "en"),
        ("Is a home the best investment as well?", "en"),
    ],
)
def test_a_plain_sentence_has_its_language(text: str, code: str) -> None:
    assert detect(text) == code


@pytest.mark.parametrize("text", ["", "hi", "Hannover 3000", "in di ne", "no 64 gateway road al 5"])
def test_what_is_not_plain_has_none(text: str) -> None:
    assert detect(text) == ""


def test_the_hand_over_is_in_the_language_that_it_speaks_of() -> None:
    assert {code for code in HAND_OVER if detect(hand_over(code)) != code} == set()
    assert detect(hand_over("el")) == "en"
