"""What a customer means by the words that follow an offer of choices. Pure; English words.

The buttons send a choice's own words; people also type "the second one", "yes" or "neither".
"""

import re
from collections.abc import Sequence

from conversations.retrieval.terms import terms

NONE = -1  # none of the choices is meant

_PLACES = ("first", "second", "third")
_ORDINAL = re.compile(
    r"^(?:(?:the|option|number|no\.?|nr\.?|#)\s*)*"
    r"(?P<place>first|second|third|last|[123])\s*(?:one|option|choice)?[.!)]*$"
)
_YES = re.compile(
    r"^(?:yes|yep|yeah|yup|sure|correct|exactly|right|that one|this one)\b"
    r"(?:[ ,]*(?:please|thanks|exactly|it is|that|this|one|it))*[.!]*$"
)
_NO = re.compile(
    r"^(?:no|nope|none|neither|nothing)\b(?:[ ,]*(?:of (?:these|those|them)|thanks|thank you|"
    r"neither|none|that'?s not it|not really|one))*[.!]*$"
    r"|^(?:something else|not (?:these|those|that|it))[.!]*$"
)
_FILLERS = frozenset({"one", "option", "choic"})
_MOST_WORDS = 6  # of a reply that names a choice by some of its words; longer is a new question


def picked(said: str, labels: Sequence[str]) -> int | None:
    """The place of the choice that is meant, NONE for a refusal of all, None for anything else."""
    words = " ".join(said.split()).casefold()
    for place, label in enumerate(labels):
        if label.casefold() == words:
            return place
    if _NO.match(words):
        return NONE
    if found := _ORDINAL.match(words):
        return _place(found["place"], len(labels))
    if len(labels) == 1 and _YES.match(words):
        return 0
    return _by_words(words, labels)


def _place(name: str, count: int) -> int | None:
    if name == "last":
        return count - 1
    place = int(name) - 1 if name.isdigit() else _PLACES.index(name)
    return place if place < count else None


def _by_words(words: str, labels: Sequence[str]) -> int | None:
    """A short reply all of whose words one choice has, and no other."""
    asked = set(terms(words)) - _FILLERS
    if not asked or len(words.split()) > _MOST_WORDS:
        return None
    having = [place for place, label in enumerate(labels) if asked <= set(terms(label))]
    return having[0] if len(having) == 1 else None
