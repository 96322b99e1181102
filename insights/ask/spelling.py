"""Mends slips of the keyboard against the words that the grammar knows. Pure."""

import re
from collections.abc import Container, Iterable
from functools import lru_cache

from conversations.retrieval.terms import stem
from insights.ask.filler import FILLER

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

_PEOPLE = re.compile(
    r" (?:customers?|people|persons?|users?|agents?|employees?|buyers?|shoppers?|clients?|staff|"
    r"visitors?|reps?|colleagues?|members?|writers?|orders?)\b"
)
#: They make another word of the one that follows: "non-German".
_PREFIXES = frozenset("non ex pre post anti multi semi sub un re co pro inter after before".split())
#: Alone they would group: "out-of-hours conversations", "same-day resolution".
GROUPS = frozenset(
    "hour hours day days week weeks month months year quarter agent agents team teams topic topics "
    "language languages channel channels reason reasons weekday weekdays".split()
)
_ENDING = 4  # letters that a form adds to its root; more and it is rather another word


def words(text: str) -> list[str]:
    return _WORD.findall(text)


def normalise(text: str) -> str:
    """Lower case, plain apostrophes, single spaces; punctuation that ends a thought is a space."""
    text = text.lower().replace("’", "'").replace("%", " percent ")
    text = re.sub(r"[?!.,;:()\"“”]+(?=\s|$)|[\"“”(),;?!]", " ", text)
    return re.sub(r"\s+", " ", text).strip()


def apart(text: str, known: Container[str]) -> str:
    """The text with joined words that are not `known` taken apart: "lower-bound automation"."""

    def fix(match: re.Match[str]) -> str:
        word = match.group()
        parts = word.split("-")
        whole = word in known or len(parts) == 1 or any(letter.isdigit() for letter in word)
        said_of = _PEOPLE.match(text, match.end())  # "part-time agents", "first-time customers"
        kept = whole or parts[0] in _PREFIXES or said_of or GROUPS.intersection(parts)
        return word if kept else " ".join(filter(None, parts))

    return _WORD.sub(fix, text)


def mend(
    text: str, known: Iterable[str], *, english: Container[str] = frozenset()
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The text with unknown words replaced by the one known word that is a slip away; a word that
    is plainly `english` was meant.

    Returns the mended text and what was replaced. A word that is as near to two known ones stays.
    """
    lexicon, roots, by_length = _index(frozenset(known))
    mended: list[tuple[str, str]] = []

    def fix(match: re.Match[str]) -> str:
        word = match.group()
        root = stem(word)
        if len(word) < 4 or word in lexicon or word in english:
            return word
        if root in roots and 0 < len(word) - len(root) <= _ENDING:
            return word  # another form of a known word is no slip
        if any(letter.isdigit() for letter in word):
            return word
        if (better := _nearest(word, by_length)) is None:
            return word
        mended.append((word, better))
        return better

    return _WORD.sub(fix, text), tuple(mended)


@lru_cache(maxsize=8)
def _index(
    known: frozenset[str],
) -> tuple[frozenset[str], frozenset[str], dict[int, list[str]]]:
    """The words to mend against, their roots, and themselves by length: the same for all
    questions until a name on record changes."""
    lexicon = frozenset(word for word in known if len(word) >= 4)
    by_length: dict[int, list[str]] = {}
    for word in sorted(lexicon):
        by_length.setdefault(len(word), []).append(word)
    return lexicon, frozenset(map(stem, lexicon)), by_length


def _nearest(word: str, by_length: dict[int, list[str]]) -> str | None:
    most = 1 if len(word) < 8 else 2
    found: dict[int, list[str]] = {}
    for length in range(len(word) - most, len(word) + most + 1):
        for other in by_length.get(length, ()):
            if other[0] != word[0] and other[-1] != word[-1]:
                continue
            distance = _distance(word, other, most)
            if distance <= most:
                found.setdefault(distance, []).append(other)
    if not found:
        return None
    nearest = _likeliest(word, found[min(found)])
    stems = {other.rstrip("s") for other in nearest}
    return min(nearest, key=len) if len(stems) == 1 else None


def _likeliest(word: str, nearest: list[str]) -> list[str]:
    """Of equally near words those of the same letters, else those whose end or one letter was
    left out: that happens more often than another letter in its place."""
    swapped = [other for other in nearest if sorted(other) == sorted(word)]
    unfinished = [other for other in nearest if other.startswith(word)]
    usual = [other for other in nearest if other in FILLER]
    return swapped or unfinished or [o for o in nearest if _lacks(word, o)] or usual or nearest


def _lacks(word: str, other: str) -> bool:
    """Whether `word` is `other` without one of its letters."""
    return any(other[:at] + other[at + 1 :] == word for at in range(len(other)))


def _distance(first: str, second: str, most: int) -> int:
    """Insertions, deletions, changes and swaps of neighbours; more than `most` is `most` + 1."""
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        following = [i]
        for j, b in enumerate(second, 1):
            cost = min(row[j] + 1, following[j - 1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            following.append(cost)
        if min(following) > most:
            return most + 1
        before, row = row, following
    return row[-1]
