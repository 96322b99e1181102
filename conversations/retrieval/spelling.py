"""Mends slips of the keyboard before a question is embedded ("how do i cancle my oder").

The embedding takes a misspelt word apart into pieces that mean something else, so one slip can lose
the article. English only; a word that the articles or the dictionary know stays as it is, and so
does whatever may be a name, a code or an address. Pure, but for the dictionary of symspellpy (MIT:
82,765 English words with their frequencies), which is loaded once.
"""

import gc
import math
import re
import threading
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from symspellpy import SymSpell, Verbosity

#: A plain word: not a part of an address, a path, a code or a hyphenated name.
_WORD = re.compile(r"(?<![\w@/.#'’-])[A-Za-z]{4,24}(?![\w@/'’-]|\.\w)")
_SENTENCE_END = re.compile(r"(?:^|[.!?:]\s+|\n\s*)$")
MOST_CORRECTED = 8  # words of one text; with more of them it is no English
TWO_SLIPS_FROM = 7  # letters
COMMON = 2_000_000  # uses in the dictionary's corpus; a rarer word yields to one of the articles
PER_SLIP = 12.0  # what a slip weighs against a word being e times as common
OF_THE_ARTICLES = 3.0
DEAREST = 1.5  # two slips are believed if one of them is of a usual kind
DEAREST_OF_A_WORD = 0.5  # a rare word that exists ("frying") is hardly a slip ("trying")
_VOWELS = frozenset("aeiou")


@dataclass(frozen=True)
class Correction:
    typed: str
    meant: str


class Spelling:
    """One per process. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._words: SymSpell | None = None

    def warm_up(self) -> None:
        """Read the dictionary before the first question waits for it (some 2 s, 70 MB)."""
        self._dictionary()

    def correct(self, text: str, articles: Container[str]) -> tuple[str, tuple[Correction, ...]]:
        """The text with its slips mended, and which. `articles` holds the words of the articles, in
        lower case."""
        made: list[Correction] = []
        shouted = text.isupper()

        def mend(match: re.Match[str]) -> str:
            typed = match.group()
            starts = _SENTENCE_END.search(text[: match.start()]) is not None
            if not shouted and not typed.islower() and not (starts and typed[1:].islower()):
                return typed  # a capital inside a sentence: a name
            meant = self._nearest(typed.lower(), articles)
            if not meant or meant == typed.lower():
                return typed
            made.append(Correction(typed, meant))
            return meant

        mended = _WORD.sub(mend, text)
        return (text, ()) if len(made) > MOST_CORRECTED else (mended, tuple(made))

    def _nearest(self, word: str, articles: Container[str]) -> str:
        if word in articles:
            return ""
        dictionary = self._dictionary()
        common = dictionary.words.get(word, 0)
        if common >= COMMON or (common and word.endswith("s") and word[:-1] in articles):
            return ""
        distance = 2 if len(word) >= TWO_SLIPS_FROM and not common else 1
        best = (-math.inf, "")
        for found in dictionary.lookup(word, Verbosity.ALL, max_edit_distance=distance):
            known = found.term in articles
            if found.term == word or len(found.term) < 3 or (common and not known):
                continue
            if (cost := slips(word, found.term)) > (DEAREST_OF_A_WORD if common else DEAREST):
                continue
            value = math.log(found.count) + OF_THE_ARTICLES * known - PER_SLIP * cost
            best = max(best, (value, found.term))
        return best[1]

    def _dictionary(self) -> SymSpell:
        with self._lock:
            if self._words is None:
                self._words = _read_dictionary()
            return self._words


def _read_dictionary() -> SymSpell:
    """With a prefix of 6 in place of 7 it finds the same words, in half of the memory. Hundreds of
    thousands of new objects, none of them garbage: the collector would look through them in vain.
    """
    words = SymSpell(max_dictionary_edit_distance=2, prefix_length=6)
    source = resources.files("symspellpy") / "frequency_dictionary_en_82_765.txt"
    collected = gc.isenabled()
    gc.disable()
    try:
        with resources.as_file(source) as path:
            words.load_dictionary(str(path), 0, 1)
    finally:
        if collected:
            gc.enable()
    return words


@lru_cache(maxsize=10_000)
def slips(typed: str, meant: str) -> float:
    """How far a word is from what was typed: 1 a letter that is wrong, missing or too much; half
    for letters that changed places, a double letter typed once or the reverse; 0.7 for one vowel in
    another's place; a first letter that differs costs half more. Optimal string alignment."""
    rows = [[0.0] * (len(meant) + 1) for _ in range(len(typed) + 1)]
    for i in range(len(typed) + 1):
        for j in range(len(meant) + 1):
            rows[i][j] = _cheapest(rows, typed, meant, i, j)
    return rows[-1][-1] + (0.5 if typed[:1] != meant[:1] else 0.0)


def _cheapest(rows: list[list[float]], typed: str, meant: str, i: int, j: int) -> float:
    if not i and not j:
        return 0.0
    ways = []
    if i and j:
        left, right = typed[i - 1], meant[j - 1]
        vowels = left in _VOWELS and right in _VOWELS
        ways.append(rows[i - 1][j - 1] + (0.0 if left == right else 0.7 if vowels else 1.0))
    if i:
        doubled = i > 1 and typed[i - 1] == typed[i - 2]
        ways.append(rows[i - 1][j] + (0.5 if doubled else 1.0))
    if j:
        doubled = j > 1 and meant[j - 1] == meant[j - 2]
        ways.append(rows[i][j - 1] + (0.5 if doubled else 1.0))
    if i > 1 and j > 1 and typed[i - 1] == meant[j - 2] and typed[i - 2] == meant[j - 1]:
        ways.append(rows[i - 2][j - 2] + 0.5)
    return min(ways)
