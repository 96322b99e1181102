"""A text from which recognised phrases are taken out, one after the other."""

import re
from functools import lru_cache

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

    def rest(self) -> tuple[str, ...]:
        """The words that nobody took and that say something."""
        return tuple(word for word in split(self.text) if word not in words.FILLER)


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])")


def table(source: dict[str, str]) -> dict[str, str]:
    """value → "phrase|phrase" turned round."""
    return {phrase: key for key, phrases in source.items() for phrase in phrases.split("|")}
