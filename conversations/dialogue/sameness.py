"""Whether two questions ask the same: the same words that carry meaning, numbers and negation.

Pure. What is personal is never compared, because it is never kept.
"""

import hashlib
import re
from dataclasses import dataclass

from conversations.dialogue.grounding import negated, numbers, stems
from portal.core.masking import is_masked

#: Cosine from which two questions with equal numbers, negation and names count as one.
SAME_MEANING = 0.93
_PERSONAL = re.compile(r"@|\d{4,}|\b(?:my name is|i am called|iban)\b", re.IGNORECASE)
MAX_CHARS = 300
#: Words that carry meaning from which a question in mid-conversation needs nothing before it.
ENOUGH_WORDS = 4


@dataclass(frozen=True)
class Asked:
    """A question as it is compared."""

    text: str
    fingerprint: str
    numbers: frozenset[str]
    negated: bool


def asked(text: str) -> Asked | None:
    """None: too long, or something personal in it; such a question has no double."""
    flat = " ".join(text.split())
    if not flat or len(flat) > MAX_CHARS or _PERSONAL.search(flat) or not is_masked(flat):
        return None
    core = " ".join(sorted(stems(flat)))
    marks = f"{core}|{'-' if negated(flat) else '+'}|{','.join(sorted(numbers(flat)))}"
    digest = hashlib.sha256(marks.encode()).hexdigest()
    return Asked(flat, digest, frozenset(numbers(flat)), negated(flat))


def may_be_same(one: Asked, other: Asked) -> bool:
    """Whether the likeness of meaning may decide: it does not see numbers and a "not"."""
    return one.numbers == other.numbers and one.negated == other.negated


def stands_alone(question: str, *, history: bool) -> bool:
    """Whether a question means the same in any conversation: it begins one, or says enough."""
    return not history or len(stems(question)) >= ENOUGH_WORDS
