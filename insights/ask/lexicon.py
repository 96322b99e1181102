"""Every word that the grammar understands: none of them is a slip of the keyboard."""

from collections.abc import Iterable
from functools import lru_cache

from insights.ask import words
from insights.ask.filler import FILLER, IDLE, LIGHT, ORDERS
from insights.ask.phrasebook import FIGURES
from insights.ask.spans import NUMBERS
from insights.ask.spelling import words as split
from insights.ask.synonyms import CALLED, SAME
from insights.ask.values import PARTS_OF_DAY, WORKDAYS
from insights.measures import WEEKDAYS

NEGATION = r"not|no|without|except|excluding|besides|other than|never|n't|but not|apart from"
_OTHERS = (
    "today yesterday tomorrow week weeks month months quarter quarters year years last past "
    "previous since before after between until january february march april june july august "
    "september october november december percentile median weekend weekends fortnight half "
    "completely fully punt punts bounce shove toss reroute redirect kick kicked bump bumped "
    "calendar first second third fourth start beginning spring summer autumn winter business "
    "working clock morning mornings afternoon afternoons evening evenings night nights overnight"
)


@lru_cache(maxsize=8)
def known(names: tuple[str, ...]) -> frozenset[str]:
    """The words of the grammar and those of `names`, the values on record."""
    return _words_of(FIGURES.ordered) | grammatical() | set(names) | FILLER | LIGHT | ORDERS


@lru_cache(maxsize=1)
def grammatical() -> frozenset[str]:
    """The words of the grammar itself: intents, dimensions, times, order. No figures, no filler."""
    return _words_of((
        *words.AMBIGUOUS, *words.DIMENSIONS.values(), *words.ADVERBS,
        words.TREND, words.MOST, words.LEAST, words.BEST, words.WORST, words.BUSY, words.WHY,
        words.CHANGE, words.AGAINST, words.FOLLOW, words.SHARE, words.GROUP_BEFORE, words.AGAIN,
        words.COMPARATIVE, WORKDAYS, NEGATION, _OTHERS, IDLE, *WEEKDAYS, *NUMBERS, *SAME, *CALLED,
        *SAME.values(), *PARTS_OF_DAY,
    ))  # fmt: skip


def _words_of(texts: Iterable[str]) -> frozenset[str]:
    plainly = [text.replace("|", " ") for text in texts]
    both = (*plainly, *(text.replace("s?", "") for text in plainly))
    found = {word for text in both for word in split(text.replace("?", ""))}
    return frozenset(found)
