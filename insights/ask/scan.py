"""A text from which recognised phrases are taken out, one after the other."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from conversations.retrieval.terms import stem
from insights.ask.filler import DOING, FILLER, FIRM, LIGHT
from insights.ask.spelling import words as split

GAP = " § "  # where something was taken: no phrase reaches across it
_WORD = re.compile(r"§|[^\W_]+(?:['’-][^\W_]+)*")
_Spoken = list[tuple[str, str, tuple[int, int]]]


class Phrases:
    """phrase → what it means, the longest first. Immutable."""

    def __init__(self, meanings: Mapping[str, str]) -> None:
        self.meanings = dict(meanings)
        self.ordered = tuple(sorted(self.meanings, key=lambda item: (-len(item), item)))

    @property
    def telling(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Each phrase of two or more telling words, with the roots of these."""
        return _telling(self.ordered)

    def only(self, wanted: Callable[[str, str], bool]) -> "Phrases":
        """Those of which `wanted(phrase, meaning)` holds."""
        return Phrases({p: m for p, m in self.meanings.items() if wanted(p, m)})


class Scan:
    def __init__(self, text: str) -> None:
        self.text = text

    def take(self, pattern: str) -> re.Match[str] | None:
        """Find a pattern as whole words and take it out."""
        match = compiled(pattern).search(self.text)
        if match is not None:
            self.cut(*match.span())
        return match

    def lift(self, pattern: str) -> bool:
        """Take a pattern out without a gap: a phrase may reach across it ("handled the most")."""
        match = compiled(pattern).search(self.text)
        if match is not None:
            self.text = self.text[: match.start()] + self.text[match.end() :].lstrip()
        return match is not None

    def has(self, pattern: str) -> bool:
        return compiled(pattern).search(self.text) is not None

    def cut(self, start: int, end: int) -> None:
        self.text = self.text[:start] + GAP + self.text[end:]

    def longest(self, phrases: Phrases, *, lift: bool = False) -> tuple[str, str] | None:
        """Take out the longest phrase that stands in the text: the phrase and what it means."""
        away = self.lift if lift else self.take
        for phrase in phrases.ordered:
            if phrase in self.text and away(re.escape(phrase)):
                return phrase, phrases.meanings[phrase]
        return None

    def best(self, phrases: Phrases) -> tuple[str, str] | None:
        """Take out the longest phrase, or the one of `gapped` that holds it and tells more."""
        before = self.text
        found = self.longest(phrases)
        after, self.text = self.text, before
        if found is not None:
            place = self._place(phrases)
            inner = compiled(re.escape(found[0])).search(before)
            if place and inner and place[1][0] <= inner.start() and inner.end() <= place[1][1]:
                phrase, where = place
                if _told(phrase) > _told(found[0]):
                    self.cut(*where)
                    return phrase, phrases.meanings[phrase]
        self.text = after
        return found

    def gapped(self, phrases: Phrases) -> tuple[str, str] | None:
        """Take out the longest phrase whose telling words stand in order, in any of their forms,
        with nothing but filler between them: "keep our SLA" for "kept the SLA"."""
        place = self._place(phrases)
        if place is None:
            return None
        self.cut(*place[1])
        return place[0], phrases.meanings[place[0]]

    def _place(self, phrases: Phrases) -> tuple[str, tuple[int, int]] | None:
        """The phrase that `gapped` finds, and where it stands."""
        spoken = [(stem(m.group()), m.group(), m.span()) for m in _WORD.finditer(self.text)]
        roots = {root for root, _word, _span in spoken}
        for phrase, telling in phrases.telling:
            if roots.issuperset(telling) and (place := _in_order(telling, spoken)) is not None:
                return phrase, place
        return None

    def rest(self, *, plain: bool = False) -> tuple[str, ...]:
        """The words that nobody took and that say something; of a `plain` count, verbs too."""
        idle = FILLER | LIGHT if plain else FILLER | LIGHT | DOING
        return tuple(word for word in split(self.text) if word not in idle)


def _told(phrase: str) -> int:
    """How many words of a phrase tell something."""
    return sum(word not in FILLER for word in split(phrase))


@lru_cache(maxsize=16)
def _telling(phrases: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    roots = ((p, tuple(stem(word) for word in split(p) if word not in FILLER)) for p in phrases)
    return tuple((phrase, found) for phrase, found in roots if len(found) >= 2)


def _in_order(telling: tuple[str, ...], spoken: _Spoken) -> tuple[int, int] | None:
    """From where to where all words of a phrase stand in order."""
    for first, (root, _word, span) in enumerate(spoken):
        if root != telling[0]:
            continue
        wanted, end = 1, span[1]
        for other, word, place in spoken[first + 1 :]:
            if wanted < len(telling) and other == telling[wanted]:
                wanted, end = wanted + 1, place[1]
            elif wanted == len(telling) or word not in FILLER | LIGHT or word in FIRM:
                break
        if wanted == len(telling):
            return span[0], end
    return None


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])")
