"""A text from which recognised phrases are taken out, one after the other."""

import re
from functools import lru_cache

from conversations.retrieval.terms import stem
from insights.ask import words
from insights.ask.spelling import words as split

GAP = " § "  # where something was taken: no phrase reaches across it


class Scan:
    def __init__(self, text: str) -> None:
        self.text = text

    def take(self, pattern: str) -> re.Match[str] | None:
        """Find a pattern as whole words and take it out."""
        match = compiled(pattern).search(self.text)
        if match is not None:
            self.cut(*match.span())
        return match

    def has(self, pattern: str) -> bool:
        return compiled(pattern).search(self.text) is not None

    def cut(self, start: int, end: int) -> None:
        self.text = self.text[:start] + GAP + self.text[end:]

    def longest(self, phrases: dict[str, str]) -> tuple[str, str] | None:
        """Take out the longest phrase of a phrase → value table that stands in the text."""
        for phrase in sorted(phrases, key=lambda item: (-len(item), item)):
            if phrase in self.text and self.take(re.escape(phrase)) is not None:
                return phrase, phrases[phrase]
        return None

    def gapped(self, phrases: dict[str, str]) -> tuple[str, str] | None:
        """Take out the longest phrase whose telling words stand in order, in any of their forms,
        with nothing but filler between them: "keep our SLA" for "kept the SLA"."""
        found: tuple[int, str, tuple[int, int]] | None = None
        spoken = [(stem(m.group()), m.group(), m.span()) for m in _WORD.finditer(self.text)]
        for phrase in phrases:
            telling = [stem(word) for word in split(phrase) if word not in words.FILLER]
            if len(telling) < 2 or (found and len(phrase) <= found[0]):
                continue
            if (place := _in_order(telling, spoken)) is not None:
                found = (len(phrase), phrase, place)
        if found is None:
            return None
        self.cut(*found[2])
        return found[1], phrases[found[1]]

    def rest(self) -> tuple[str, ...]:
        """The words that nobody took and that say something."""
        return tuple(word for word in split(self.text) if word not in words.FILLER)


_WORD = re.compile(r"§|[^\W_]+(?:['’-][^\W_]+)*")


def _in_order(
    telling: list[str], spoken: list[tuple[str, str, tuple[int, int]]]
) -> tuple[int, int] | None:
    """From where to where all words of a phrase stand in order."""
    for first, (root, _word, span) in enumerate(spoken):
        if root != telling[0]:
            continue
        wanted, end = 1, span[1]
        for other, word, place in spoken[first + 1 :]:
            if wanted < len(telling) and other == telling[wanted]:
                wanted, end = wanted + 1, place[1]
            elif wanted == len(telling) or word not in words.FILLER:
                break
        if wanted == len(telling):
            return span[0], end
    return None


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])")


def plain(text: str) -> str:
    """The text with one word for what people call by many."""
    return _EVERY.sub(lambda match: _SAME[match.group()], text)


def table(source: dict[str, str]) -> dict[str, str]:
    """value → "phrase|phrase" turned round."""
    return {plain(phrase): key for key, phrases in source.items() for phrase in phrases.split("|")}


_SAME = {phrase: word for word, every in words.SAME.items() for phrase in every.split("|")}
_EVERY = re.compile(
    rf"(?<![\w-])(?:{'|'.join(sorted(map(re.escape, _SAME), key=len, reverse=True))})(?![\w-])"
)
