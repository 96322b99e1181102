"""Which of the knowledge base's subjects a conversation is about, slips and mishearings included.

Pure. A subject is a name that several titles begin with ("AVALON: Are pets allowed?"). The latest
mention counts most; a name that only says where something lies ("in Union Square") counts half.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conversations.retrieval.terms import similarity, trigrams, words
from conversations.retrieval.types import HistoryTurn

MESSAGES = 14  # how far back a name is looked for
DECAY = 0.85  # per message back
WORD_FLOOR = 0.5  # trigram similarity below which two words are different words
NAME_FLOOR = 0.58  # share of a name's weight that must be found

# "AVALON: Are pets allowed?" or "Shop - Returns": the part before names what the article is about.
_SUBJECT = re.compile(r"^(.{2,60}?)(?::\s+| [-–—|] )(?=\S)")
_SUBJECT_LINKS = frozenset("a and at by de del for in la le of on or the to".split())
_PLACE = frozenset("in near around at from area street".split())
_CUES = frozenset("called named name recommend suggest about".split())
_NUMBERS = frozenset(
    "zero one two three four five six seven eight nine ten eleven twelve twenty thirty".split()
)


@dataclass(frozen=True)
class Subject:
    """A name that several titles begin with, such as a hotel's or a product's."""

    name: str
    words: tuple[str, ...]
    weights: tuple[float, ...]  # how telling each word is, summing to 1
    rarity: float


@dataclass(frozen=True)
class Mention:
    """A subject found in the conversation; weight is comparable within one conversation."""

    name: str
    weight: float


class SubjectIndex:
    """Finds the subjects that a few words may mean, without comparing with all of them."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self._subjects = subjects
        self._by_word: dict[str, set[int]] = defaultdict(set)
        self._by_trigram: dict[str, set[str]] = defaultdict(set)
        for number, subject in enumerate(subjects):
            for word in subject.words:
                self._by_word[word].add(number)
                for piece in trigrams(word):
                    self._by_trigram[piece].add(word)

    def mentions(self, text: str, history: Sequence[HistoryTurn], limit: int = 3) -> list[Mention]:
        """The most likely subjects, best first; ties by name."""
        if not self._subjects:
            return []
        best: dict[int, float] = {}
        spoken = [("user", text), *((turn.role, turn.text) for turn in reversed(history))]
        for age, (role, said) in enumerate(spoken[:MESSAGES]):
            heard = [word.replace("'", "") for word in words(said)][-200:]
            trust = DECAY**age * (1.0 if age == 0 or role != "user" else 0.8)
            for number, weight in self._in_message(heard).items():
                best[number] = max(best.get(number, 0.0), weight * trust)
        ranked = sorted(best.items(), key=lambda item: (-item[1], self._subjects[item[0]].name))
        return [Mention(self._subjects[number].name, weight) for number, weight in ranked[:limit]]

    def _in_message(self, heard: Sequence[str]) -> dict[int, float]:
        alike = [self._alike(word) for word in heard]
        starts: dict[int, set[int]] = defaultdict(set)
        for position, matches in enumerate(alike):
            for word in matches:
                for number in self._by_word[word]:
                    starts[number].add(position)
        found = {}
        for number, positions in starts.items():
            weight = max(self._at(number, position, heard, alike) for position in positions)
            if weight > 0:
                found[number] = weight
        return found

    def _alike(self, word: str) -> dict[str, float]:
        shared: dict[str, int] = defaultdict(int)
        for piece in trigrams(word):
            for known in self._by_trigram.get(piece, ()):
                shared[known] += 1
        scored = {known: similarity(word, known) for known, count in shared.items() if count > 1}
        return {known: value for known, value in scored.items() if value >= WORD_FLOOR}

    def _at(
        self,
        number: int,
        position: int,
        heard: Sequence[str],
        alike: Sequence[dict[str, float]],
    ) -> float:
        """How surely the name stands around this position; 0 below the floor."""
        subject = self._subjects[number]
        window = range(max(0, position - 1), min(len(heard), position + len(subject.words) + 1))
        used: set[int] = set()
        share = 0.0
        for word, weight in zip(subject.words, subject.weights, strict=True):
            free = [(alike[i].get(word, 0.0), -i) for i in window if i not in used]
            value, where = max(free, default=(0.0, 0))
            if value > 0:
                used.add(-where)
                share += weight * value * (0.5 if word in _NUMBERS else 1.0)
        if share < NAME_FLOOR:
            return 0.0
        before = heard[max(0, min(used) - 3) : min(used)]
        return share**2 * subject.rarity**0.5 * _emphasis(before)


def _emphasis(before: Iterable[str]) -> float:
    lead = list(before)
    if any(word in _CUES for word in lead):
        return 1.4
    return 0.5 if any(word in _PLACE for word in lead) else 1.0


def subject_of(title: str) -> str:
    """The title's part before a colon or a spaced dash; empty where there is none."""
    match = _SUBJECT.match(title)
    return match.group(1).strip() if match else ""


def find_subjects(titles: Iterable[str]) -> tuple[Subject, ...]:
    """Names that two or more titles begin with, each with the weight of its words."""
    shared = Counter(subject_of(title) for title in titles)
    names = sorted(name for name, count in shared.items() if name and count > 1)
    if len(names) < 2:  # one subject tells nothing apart
        return ()
    split = [tuple(word.replace("'", "") for word in words(name)) for name in names]
    frequency = Counter(word for row in split for word in set(row))
    subjects = []
    for name, row in zip(names, split, strict=True):
        rarity = [
            math.log(1 + len(names) / frequency[word]) * (0.2 if word in _SUBJECT_LINKS else 1)
            for word in row
        ]
        total = sum(rarity)
        if total > 0:
            weights = tuple(value / total for value in rarity)
            subjects.append(Subject(name, row, weights, total))
    return tuple(subjects)
