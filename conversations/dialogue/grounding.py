"""Grounding: whether the passages support a sentence, checked before a customer sees it.

Pure and lexical: quantities with their units, names, links, negation and content words. It errs
towards refusing: a refused sentence is replaced by a quotation, a wrong one would be believed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from conversations.dialogue.quantities import Quantity, in_figures, plain, quantities

#: Share of a sentence's content words that its best supporting passage must contain.
MIN_COVERAGE = 0.75
#: Share of a sentence's other words that the passage's sentence with the same quantity must have.
MIN_BESIDE = 1 / 3

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?", re.UNICODE)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]]*\s+(?=\S)|\n+")
_LIST_ITEM = re.compile(r"(?:\d{1,3}[.)]|[-*+•])\s|\|")
_LIST_MARK = re.compile(r"^\s*(?:\d{1,3}[.)]|[-*•])\s*$")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|approx|no|nr|mr|mrs|ms|dr|vs)\.$", re.I)
_DEEDS = (
    r"(?:refund|cancel|send|sent|forward|transfer|contact|call|escalat|process|issu|updat|chang|"
    r"arrang|book|order|ship|replac|check|notif|inform|connect|delet|remov|clos|reset|unlock|"
    r"approv|credit|compensat|extend|waiv|reimburs|regist|creat|fix|look|ask|mak|giv)\w*"
)
_PROMISE = re.compile(
    rf"\b(?:i|we)(?:['’]ll| will| am going to| are going to| have|['’]ve|['’]m| am)\s+(?:\w+\s+)?"
    rf"{_DEEDS}|\bi(?: can| could|['’]d| would)?\s+(?:just\s+|already\s+|now\s+)?{_DEEDS}"
    rf"|\blet me\s+(?:\w+\s+)?{_DEEDS}|\b(?:i|we) (?:promise|guarantee|assure|swear)\b"
    r"|\byour (?:\w+ ){1,3}(?:has|have) been \w+"
    r"|\byour (?:\w+ ){1,3}(?:is|are) (?:on (?:its|the|their) way|being \w+)"
    r"|\byou(?:['’]ll| will| are going to) (?:get|receive|be given|have) (?:a |an |your )?(?:\w+ )?"
    r"(?:refund|compensation|voucher|discount|credit|replacement)",
    re.I,
)
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>()\[\]]+|\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"
    r"|\b[\w-]{2,63}(?:\.[\w-]{2,63}){0,3}\.[a-z]{2,24}\b(?:/[^\s<>()\[\]]*)?",
    re.IGNORECASE,
)
#: Words that open a sentence and are no name, though no passage has them.
_OPENERS = frozenset(
    "however additionally unfortunately therefore otherwise remember note make ensure first next "
    "finally according based regarding once after before during since while although because "
    "instead usually normally typically simply depending below above unless until".split()
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
    sentences: tuple["Claim", ...]
    links: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Claim:
    """One sentence of a passage, a list's item under its lead-in."""

    stems: frozenset[str]
    negated: bool
    quantities: tuple[Quantity, ...]


def evidence(number: int, text: str) -> Evidence:
    """A passage prepared for checking. A list's item says what it says under its lead-in: "We do
    not deliver to:" makes each item below it a negative one."""
    sentences: list[Claim] = []
    lead = ""
    for piece in split_sentences(text):
        line = piece.strip()
        if not line:
            continue
        item = bool(_LIST_ITEM.match(line))
        whole = f"{lead} {line}" if item and lead else line
        sentences.append(Claim(frozenset(stems(whole)), negated(whole), quantities(whole)))
        if not item:
            lead = line if line.rstrip("*_ ").endswith(":") else ""
    return Evidence(
        number=number,
        stems=frozenset(stems(text)),
        numbers=frozenset(numbers(text)),
        sentences=tuple(sentences),
        links=frozenset(links(text)),
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
    if reason := _unsupported(sentence, words, best):
        return Verdict(False, reason=reason)
    return Verdict(True, sources=(best.number,))


def _unsupported(sentence: str, words: set[str], best: Evidence) -> str:
    """Why the passage does not support the sentence; empty if it does."""
    if missing := numbers(sentence) - best.numbers:
        return f"number:{len(missing)}"
    if links(sentence) - best.links:
        return "link"
    if names(sentence) - best.stems:
        return "name"
    if _coverage(words, best.stems) < MIN_COVERAGE:
        return "coverage"
    if _opens_with_name(sentence, best.stems):
        return "name"
    if not all(_is_stated(item, words, best) for item in quantities(sentence)):
        return "quantity"
    return "negation" if _contradicts(sentence, words, best) else ""


def _is_stated(item: Quantity, words: set[str], best: Evidence) -> bool:
    """Whether a sentence of the passage has the quantity and is about the same."""
    beside = {word for word in words if not any(char.isdigit() for char in word)}
    return any(
        item.within(claim.quantities) and len(beside & claim.stems) >= MIN_BESIDE * len(beside)
        for claim in best.sentences
    )


def _contradicts(sentence: str, words: set[str], best: Evidence) -> bool:
    """The nearest sentence says the opposite, or a word stands in denials only."""
    denies = negated(sentence)
    nearest = max(best.sentences, key=lambda item: _overlap(words, item.stems), default=None)
    if nearest is not None and nearest.negated != denies:
        return True
    if denies:
        return False
    said = [claim for claim in best.sentences if not claim.negated]
    return any(
        any(word in claim.stems for claim in best.sentences if claim.negated)
        and not any(word in claim.stems for claim in said)
        for word in words
    )


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
    found = (word.lower().replace("’", "'") for word in _WORD.findall(in_figures(text)))
    return {stem(word) for word in found if word not in _STOP and word not in _NEGATIONS}


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
    """Numbers in figures and in words, normalised ("1,000" is "1000")."""
    return {plain(raw) for raw in _NUMBER.findall(in_figures(text))}


def links(text: str) -> set[str]:
    """Addresses of pages and of mail, as they are compared."""
    return {match.group().rstrip(".,;:!?").casefold() for match in _LINK.finditer(text)}


def names(text: str) -> set[str]:
    """Stems of words with a capital that do not begin a sentence."""
    found: set[str] = set()
    for piece in split_sentences(text):
        for word in _WORD.findall(piece)[1:]:
            if word[0].isupper() and word.lower() not in _STOP and word.lower() != "i":
                found.add(stem(word.lower()))
    return found


def _opens_with_name(sentence: str, known: frozenset[str]) -> bool:
    """Whether a sentence begins with a capital word that the passage does not have."""
    for piece in split_sentences(sentence):
        first = next(iter(_WORD.findall(piece)), "")
        word = first.lower().replace("’", "'")
        common = word in _STOP or word in _NEGATIONS or word in _OPENERS or word.endswith("ly")
        if len(first) > 2 and first[0].isupper() and not common and stem(word) not in known:
            return not in_figures(first).isdigit()
    return False


def negated(text: str) -> bool:
    words = {word.lower().replace("’", "'") for word in _WORD.findall(text)}
    return bool(words & _NEGATIONS)


def _coverage(words: set[str], known: frozenset[str]) -> float:
    return len(words & known) / len(words)


def _overlap(words: set[str], other: frozenset[str]) -> float:
    return len(words & other) / (len(words | other) or 1)
