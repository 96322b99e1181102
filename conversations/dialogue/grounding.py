"""Grounding: whether the passages support a sentence, checked before a customer sees it.

Pure and lexical: numbers, names, negation and content words. It errs towards refusing: a refused
sentence is replaced by a quotation, a wrong one would be believed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: Share of a sentence's content words that its best supporting passage must contain.
MIN_COVERAGE = 0.75

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?", re.UNICODE)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]]*\s+(?=\S)|\n+")
_LIST_ITEM = re.compile(r"(?:\d{1,3}[.)]|[-*+•])\s|\|")
_LIST_MARK = re.compile(r"^\s*(?:\d{1,3}[.)]|[-*•])\s*$")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|approx|no|nr|mr|mrs|ms|dr|vs)\.$", re.I)
_PROMISE = re.compile(
    r"\b(?:i|we)(?:['’]ll| will| am going to| are going to| have)\s+(?:\w+\s+)?"
    r"(?:refund|cancel|send|forward|transfer|contact|call|escalate|process|issue|update|change|"
    r"arrange|book|order|ship|replace|check|notify|inform|connect)\w*",
    re.I,
)
_NEGATIONS = frozenset(
    "not no never none cannot can't cant don't dont doesn't doesnt won't wont isn't isnt aren't "
    "arent without neither nor nothing unable wasn't weren't didn't haven't hasn't "
    "shouldn't".split()
)
_STOP = frozenset(
    "a an the this that these those it its is are was were be been being am do does did to of in "
    "on at by for from with about into over after before as if then than so and or but you "
    "your yours "
    "we our us i me my they them their he she his her can could will would shall should may might "
    "must have has had there here when where which who what how why all any each please also just "
    "only very more most some such up out yes sure okay ok hello hi thank thanks".split()
)
_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()
    )
}


@dataclass(frozen=True)
class Verdict:
    """`supported`, by the passages with these numbers; otherwise `reason` says what is not."""

    supported: bool
    sources: tuple[int, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Evidence:
    """A passage prepared for checking. `number` is its citation number."""

    number: int
    stems: frozenset[str]
    numbers: frozenset[str]
    sentences: tuple[tuple[frozenset[str], bool], ...]


def evidence(number: int, text: str) -> Evidence:
    """A passage prepared for checking. A list's item says what it says under its lead-in: "We do
    not deliver to:" makes each item below it a negative one."""
    sentences: list[tuple[frozenset[str], bool]] = []
    lead = ""
    for piece in split_sentences(text):
        line = piece.strip()
        if not line:
            continue
        item = bool(_LIST_ITEM.match(line))
        whole = f"{lead} {line}" if item and lead else line
        sentences.append((frozenset(stems(whole)), negated(whole)))
        if not item:
            lead = line if line.rstrip("*_ ").endswith(":") else ""
    return Evidence(
        number=number,
        stems=frozenset(stems(text)),
        numbers=frozenset(numbers(text)),
        sentences=tuple(sentences),
    )


def check(sentence: str, passages: Sequence[Evidence]) -> Verdict:
    """Judge one sentence against the passages."""
    if _PROMISE.search(sentence):
        return Verdict(False, reason="promise")
    words = stems(sentence)
    if not words:
        return Verdict(True)
    if not passages:
        return Verdict(False, reason="no_passage")
    best = max(passages, key=lambda item: (_coverage(words, item.stems), -item.number))
    if missing := numbers(sentence) - best.numbers:
        return Verdict(False, reason=f"number:{len(missing)}")
    if names(sentence) - best.stems:
        return Verdict(False, reason="name")
    if _coverage(words, best.stems) < MIN_COVERAGE:
        return Verdict(False, reason="coverage")
    nearest = max(best.sentences, key=lambda item: _overlap(words, item[0]), default=None)
    if nearest is not None and nearest[1] != negated(sentence):
        return Verdict(False, reason="negation")
    return Verdict(True, sources=(best.number,))


def split_sentences(text: str) -> list[str]:
    """Sentences with their white space; joined they are the text. Lists split at their lines."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    parts: list[str] = []
    start = 0
    for end in [*ends, len(text)]:
        piece = text[start:end]
        if end != len(text) and (_LIST_MARK.match(piece) or _ABBREVIATION.search(piece.rstrip())):
            continue
        if piece:
            parts.append(piece)
        start = end
    return parts


def stems(text: str) -> set[str]:
    """Content words, lower case, without the commonest endings."""
    found = (word.lower().replace("’", "'") for word in _WORD.findall(text))
    return {
        stem(_NUMBER_WORDS.get(word, word))
        for word in found
        if word not in _STOP and word not in _NEGATIONS
    }


def stem(word: str) -> str:
    """A light stem: good enough to match "returned" with "returns", and nothing cleverer."""
    word = word.removesuffix("'s")
    for ending in (
        "ations",
        "ation",
        "ingly",
        "ings",
        "ing",
        "edly",
        "ies",
        "ied",
        "ed",
        "es",
        "ly",
        "s",
        "e",
        "y",
    ):
        if len(word) - len(ending) >= 3 and word.endswith(ending):
            return word[: -len(ending)]
    return word


def numbers(text: str) -> set[str]:
    """Numbers in figures and the small ones in words, normalised ("1,000" is "1000")."""
    found = {_plain_number(raw) for raw in _NUMBER.findall(text)}
    words = {word.lower() for word in _WORD.findall(text)}
    return found | {_NUMBER_WORDS[word] for word in words & _NUMBER_WORDS.keys() if word != "one"}


def _plain_number(raw: str) -> str:
    whole = re.sub(r",(?=\d{3}\b)", "", raw)
    return whole.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", whole) else whole


def names(text: str) -> set[str]:
    """Stems of words with a capital that do not begin a sentence."""
    found: set[str] = set()
    for piece in split_sentences(text):
        for word in _WORD.findall(piece)[1:]:
            if word[0].isupper() and word.lower() not in _STOP and word.lower() != "i":
                found.add(stem(word.lower()))
    return found


def negated(text: str) -> bool:
    words = {word.lower().replace("’", "'") for word in _WORD.findall(text)}
    return bool(words & _NEGATIONS)


def _coverage(words: set[str], known: frozenset[str]) -> float:
    return len(words & known) / len(words)


def _overlap(words: set[str], other: frozenset[str]) -> float:
    return len(words & other) / (len(words | other) or 1)
