"""The extractive rung: the passages' own sentences that answer a question, with no model at all.

Pure. Says only what the sources say, word for word; lists and tables stay whole.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from conversations.inference.markdown_units import Unit, terms, units, words

#: Cosines of one text with others, by meaning: similarity(question, sentences).
Similarity = Callable[[str, Sequence[str]], Sequence[float]]

MAX_WORDS = 90
#: A unit must score this share of the best one's to be said beside it.
WORTH_SAYING = 0.55
#: Weights of a term found in the heading or title over the unit, beside one in the unit itself.
IN_HEADING, IN_TITLE = 0.6, 0.25
#: What each place down the ranking, and each unit down the passage, takes from a score.
RANK_LOSS, PLACE_LOSS = 0.12, 0.01
#: With a similarity by meaning: the weight of shared words beside it, of an article's first
#: sentence (as far as it is like its title and not a stump), the share of the best score that a
#: unit needs, and how many are said. Chosen on three sets with reference answers; token F1 against
#: words alone, demo 0.35 (0.27), techqa 0.35 (0.34), mtrag 0.41 (0.39): docs/answering.md.
SHARED_WORDS, FIRST_SENTENCE, WORTH_SAYING_BY_MEANING, MOST_UNITS = 0.3, 0.3, 0.75, 3
FULL_LEAD_WORDS = 12
_ANCHOR_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s*\[[^\]]*\]\(#[^)]*\)\s*$")
_CONTENTS = re.compile(r"(?:in|on) this (?:article|page|guide|section)\s*:?", re.IGNORECASE)
#: An article that begins by saying what it is about has not begun to answer.
_ANNOUNCES = re.compile(
    r"(?:learn (?:how|about|more)|find out|this (?:article|guide|page|tutorial|"
    r"quick tutorial))\b",
    re.IGNORECASE,
)
_OPENERS = re.compile(
    r"(it|this|that|these|those|they|then|also|however|otherwise|in that case|if so|instead)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Source:
    """A passage that may be quoted; `number` is its citation number, best passage first."""

    number: int
    title: str
    url: str
    heading: str
    text: str


@dataclass(frozen=True)
class Extract:
    """A piece of Markdown taken word for word from one source."""

    text: str
    source: int


@dataclass(frozen=True)
class ExtractiveAnswer:
    """`text` is what is still to be shown (after the prefix); `extracts` say where it is from."""

    text: str
    extracts: tuple[Extract, ...]

    @property
    def cited(self) -> tuple[int, ...]:
        """Numbers of the sources used, in order of appearance."""
        return tuple(dict.fromkeys(extract.source for extract in self.extracts))


@dataclass(frozen=True)
class _Scored:
    source: int  # index into the sources, that is its rank
    place: int
    unit: Unit
    score: float
    terms: frozenset[str]


def compose(
    *,
    question: str,
    sources: Sequence[Source],
    prefix: str = "",
    max_words: int = MAX_WORDS,
    similarity: Similarity | None = None,
) -> ExtractiveAnswer:
    """The sentences that answer the question, in reading order.

    With `similarity` they are chosen by meaning and by words, without it by words alone.

    With `prefix` (text that the customer has seen already) the text goes on after it: a sentence
    that broke off is finished where a source has it, ended with an ellipsis where none has, and
    nothing that was said is said again. Empty when there are no sources.
    """
    candidates = _scored(question, sources)
    worth = WORTH_SAYING
    if similarity is not None and candidates:
        candidates = _by_meaning(question, sources, candidates, similarity)
        worth = WORTH_SAYING_BY_MEANING
    lead, finished = _bridge(prefix, candidates)
    said = _plain(prefix)
    fresh = [c for c in candidates if c is not finished and _plain(c.unit.text) not in said]
    budget = max_words - len(words(prefix))
    chosen = _choose(fresh, budget, worth) if budget > 0 or not prefix else []
    quoted = [finished] if finished else []
    extracts = tuple(Extract(c.unit.text, sources[c.source].number) for c in (*quoted, *chosen))
    body = _joined(chosen)
    gap = "\n\n" if body and (lead or prefix.strip()) else ""
    return ExtractiveAnswer(lead + gap + body, extracts)


def pieces(text: str) -> Iterator[str]:
    """The text in word-sized pieces for streaming; joined, they are the text."""
    yield from re.findall(r"\s*\S+|\s+$", text)


def _scored(question: str, sources: Sequence[Source]) -> list[_Scored]:
    asked = frozenset(terms(question))
    split = [
        [unit for unit in units(source.text) if not _leads_elsewhere(unit)] for source in sources
    ]
    known = [frozenset(terms(unit.text)) for each in split for unit in each]
    frequency = Counter(term for unit_terms in known for term in unit_terms)
    weight = {t: math.log(1 + len(known) / (1 + frequency[t])) + 0.1 for t in asked}
    scored = []
    for rank, (source, mine) in enumerate(zip(sources, split, strict=True)):
        title = frozenset(terms(source.title))
        for place, unit in enumerate(mine):
            own = frozenset(terms(unit.text))
            heading = frozenset(terms(f"{source.heading} {unit.heading}"))
            score = sum(
                weight[t] * max(t in own, IN_HEADING * (t in heading), IN_TITLE * (t in title))
                for t in asked
            )
            # A long unit hits more words by chance.
            score /= 1 + math.log1p(len(words(unit.text)) / 40)
            score *= 1 / (1 + RANK_LOSS * rank) * max(0.5, 1 - PLACE_LOSS * place)
            if not own & asked:
                score *= 0.5
            scored.append(_Scored(rank, place, unit, score, own))
    return scored


def _by_meaning(
    question: str,
    sources: Sequence[Source],
    candidates: Sequence[_Scored],
    similarity: Similarity,
) -> list[_Scored]:
    """The candidates scored by meaning, with their share of the question's words, and with the
    first sentence of the best article raised: articles answer their own title first."""
    most = max((c.score for c in candidates), default=0.0) or 1.0
    near = similarity(question, [_said(sources[c.source], c.unit) for c in candidates])
    lead = candidates[0]
    (like_title,) = similarity(sources[0].title, [plain_text(lead.unit.text)])
    whole = min(1.0, len(words(lead.unit.text)) / FULL_LEAD_WORDS)
    announces = bool(_ANNOUNCES.match(lead.unit.text))
    first = 0.0 if announces else FIRST_SENTENCE * max(0.0, like_title) * whole
    return [
        replace(
            c,
            score=cosine + SHARED_WORDS * c.score / most + (first if c is lead else 0.0),
        )
        for c, cosine in zip(candidates, near, strict=True)
    ]


def compared_texts(source: Source) -> Iterator[str]:
    """What `compose` will ask the likeness of for this source; for computing it in advance."""
    kept = [unit for unit in units(source.text) if not _leads_elsewhere(unit)]
    yield source.title
    yield from (plain_text(unit.text) for unit in kept[:1])
    yield from (_said(source, unit) for unit in kept)


def _said(source: Source, unit: Unit) -> str:
    """A unit as it is compared: under its article's title, without its marks."""
    return f"{source.title}. {plain_text(unit.text)[:500]}"


def plain_text(markdown: str) -> str:
    """Markdown without its marks and addresses."""
    return re.sub(r"\]\([^)]*\)|[*_`#>|\[]", "", markdown)


def _leads_elsewhere(unit: Unit) -> bool:
    """Whether a unit is a table of contents or its heading: links into the page, no content."""
    if unit.kind == "list":
        items = [line for line in unit.text.splitlines() if line.strip()]
        return all(_ANCHOR_ITEM.match(line) for line in items)
    return bool(_CONTENTS.fullmatch(unit.text.strip("*_ ")))


def _choose(candidates: Sequence[_Scored], budget: int, worth: float) -> list[_Scored]:
    """Best first, while they add something, then in reading order with what they lean on."""
    ranked = sorted(candidates, key=lambda c: (-c.score, c.source, c.place))
    if not ranked:
        return []
    best, used = ranked[0], 0
    if not best.score:
        return ranked[:1]  # no word in common: the beginning of the best passage
    chosen: dict[tuple[int, int], _Scored] = {}
    by_place = {(c.source, c.place): c for c in candidates}
    for candidate in ranked:
        if candidate.score < worth * best.score or len(chosen) >= MOST_UNITS:
            break
        if _repeats(candidate, chosen.values()):
            continue
        group = [c for c in _with_opening(candidate, by_place) if c not in chosen.values()]
        length = sum(len(words(c.unit.text)) for c in group)
        if chosen and used + length > budget:
            continue
        used += length
        chosen.update({(c.source, c.place): c for c in group})
    first = best.source
    return sorted(chosen.values(), key=lambda c: (c.source != first, c.source, c.place))


def _with_opening(candidate: _Scored, by_place: dict[tuple[int, int], _Scored]) -> list[_Scored]:
    """The unit, after the one that it refers back to ("It …", a list's lead-in)."""
    before = by_place.get((candidate.source, candidate.place - 1))
    refers = _OPENERS.match(candidate.unit.text) or candidate.unit.kind in {"list", "table"}
    leads = candidate.unit.kind == "sentence" or (
        before and before.unit.text.rstrip("*_ ").endswith(":")
    )
    if before and refers and leads and before.unit.kind == "sentence":
        return [before, candidate]
    after = by_place.get((candidate.source, candidate.place + 1))
    if candidate.unit.text.rstrip("*_ ").endswith(":") and after:
        return [candidate, after]
    return [candidate]


def _repeats(candidate: _Scored, chosen: Iterable[_Scored]) -> bool:
    return any(
        len(candidate.terms & other.terms) > 0.8 * max(1, len(candidate.terms)) for other in chosen
    )


def _joined(chosen: Sequence[_Scored]) -> str:
    """Sentences of a paragraph side by side, everything else in paragraphs of its own."""
    text = ""
    for previous, current in zip((None, *chosen), chosen, strict=False):
        if previous is None:
            text = current.unit.text
            continue
        side_by_side = (
            previous.source == current.source
            and previous.unit.kind == current.unit.kind == "sentence"
        )
        text += (" " if side_by_side else "\n\n") + current.unit.text
    return text


def _bridge(prefix: str, candidates: Sequence[_Scored]) -> tuple[str, _Scored | None]:
    """What ends the prefix's last sentence: the rest of it, where it is a quotation that broke
    off, or an ellipsis; and the unit that it was."""
    open_part = re.split(r"(?<=[.!?…:])\s+|\n", prefix.strip())[-1].lstrip("-*0123456789. ")
    if not open_part or re.search(r"[.!?…:][\"')\]*_]*$", open_part):
        return "", None
    if len(words(open_part)) >= 3:
        for candidate in candidates:
            where = candidate.unit.text.find(open_part)
            if where >= 0 and candidate.unit.kind == "sentence":
                rest = candidate.unit.text[where + len(open_part) :]
                return rest.lstrip() if prefix[-1].isspace() else rest, candidate
    return _closing_marks(prefix) + "…", None


def _closing_marks(prefix: str) -> str:
    """Ends Markdown that the prefix left open, so that it does not swallow what follows."""
    if prefix.count("```") % 2:
        return "\n```\n"
    marks = "`" if prefix.count("`") % 2 else ""
    if re.search(r"\]\([^)\s]*$", prefix):
        marks += ")"
    return marks + ("**" if prefix.count("**") % 2 else "")


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[*_`#>]", "", text).casefold().split())
