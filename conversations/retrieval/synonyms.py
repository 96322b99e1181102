"""Synonyms: beside a customer's words, the words that the articles use for the same thing.

Pure. The question keeps its words; what an article would say is put after them, so that the search
by meaning, by words and the coverage of the question's terms all see it. Without entries it costs
nothing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from conversations.retrieval.terms import stem, terms, words

MOST_ADDED = 6  # words of synonyms that one question may gain


@dataclass(frozen=True)
class Entry:
    """`term` in lower case, one word or a few; `words` as articles say it."""

    term: str
    words: tuple[str, ...]
    language: str = ""


@dataclass(frozen=True)
class Synonyms:
    entries: tuple[Entry, ...] = ()

    def expand(self, text: str, *, language: str = "", known: Iterable[str] = ()) -> str:
        """The text with what its words are also called. `known` are the terms that articles have:
        a customer's word that no article knows is replaced, so that it does not count as missing.
        """
        if not self.entries:
            return text
        known = known if isinstance(known, Mapping | set | frozenset) else set(known)
        has, gained = set(terms(text)), 0

        def also(match: re.Match[str]) -> str:
            nonlocal gained
            said = match.group()
            added = [
                word
                for entry in self._of.get(_key(said), ())
                if not entry.language or not language or entry.language == language
                for word in entry.words
                if not has.issuperset(terms(word))
            ][: MOST_ADDED - gained]
            gained += len(added)
            has.update(term for word in added for term in terms(word))
            if not added:
                return said
            missing = not any(term in known for term in terms(said))
            return " ".join(added if missing else (said, *added))

        return self._pattern.sub(also, text)

    @cached_property
    def _of(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(_key(entry.term), []).append(entry)
        return found

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Any of the terms as whole words, the longest first; a plural "s" may follow."""
        longest = sorted({entry.term for entry in self.entries}, key=len, reverse=True)
        any_of = "|".join(re.escape(term).replace(r"\ ", r"\s+") for term in longest)
        return re.compile(rf"(?<!\w)(?:{any_of})(?:e?s)?(?!\w)", re.IGNORECASE)


def _key(text: str) -> str:
    """As terms are compared: lower case, stems, single spaces."""
    return " ".join(stem(word) for word in words(text))
