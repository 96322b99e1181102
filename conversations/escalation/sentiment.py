"""How the customer sounds, from a small list of words. Pure, and honest about how little it is.

It says "unhappy" or "angry" only with the words that it goes by, so that an agent can judge it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Label = Literal["calm", "unhappy", "angry"]

_UNHAPPY = frozenset(
    "disappointed disappointing annoyed annoying frustrated frustrating unhappy upset bad poor "
    "slow late wrong broken damaged useless again still waiting worried confusing confused "
    "problem problems complaint complain sorry unfortunately never".split()
)
_ANGRY = frozenset(
    "angry furious ridiculous unacceptable outrageous disgusting disgrace disgraceful terrible "
    "horrible worst scam fraud thieves liars lying lawyer sue court rubbish awful appalling "
    "pathetic shameful joke incompetent".split()
)
_WORD = re.compile(r"[^\W\d_]+")
_SHOUT = re.compile(r"\b[A-Z]{3,}\b(?:\W+\b[A-Z]{3,}\b){2,}|!{3,}")
_THANKS = frozenset("thanks thank great perfect lovely happy".split())


@dataclass(frozen=True)
class Sentiment:
    """`words` are the customer's own; `seq` is the message with most of them."""

    label: Label = "calm"
    words: tuple[str, ...] = ()
    seq: int | None = None


def read_sentiment(said: Sequence[tuple[int, str]]) -> Sentiment:
    """The mood of a customer's messages (seq, text), of which the last three count."""
    found: list[str] = []
    best, strongest, score = None, 0.0, 0.0
    for seq, text in said[-3:]:
        words = [word.lower() for word in _WORD.findall(text)]
        angry = [word for word in words if word in _ANGRY]
        unhappy = [word for word in words if word in _UNHAPPY]
        weight = 2.0 * len(angry) + 0.7 * len(unhappy) + (1.5 if _SHOUT.search(text) else 0.0)
        weight -= sum(word in _THANKS for word in words)
        found += [*angry, *unhappy]
        score += max(0.0, weight)
        if weight > strongest:
            best, strongest = seq, weight
    label: Label = "angry" if score >= 2.0 else "unhappy" if score >= 1.2 else "calm"
    words_seen = tuple(dict.fromkeys(found)) if label != "calm" else ()
    return Sentiment(label, words_seen, best if label != "calm" else None)
