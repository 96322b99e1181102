"""What speaks for each candidate article: scale-free numbers from the passages that a search found.

Pure. Everything lexical is computed here from the texts and the corpus' term counts, so that the
ranking does not depend on the scale of the database's full-text rank.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from conversations.retrieval.corpus import CorpusStatistics
from conversations.retrieval.followup import ResolvedQuery
from conversations.retrieval.subjects import subject_of
from conversations.retrieval.terms import similarity, terms
from conversations.retrieval.types import PassageHit

SATURATION = 1.2  # BM25 k1
LENGTH_WEIGHT = 0.75  # BM25 b
SOFTNESS = 12.0  # how much a second near phrasing adds to the nearest
TYPO_FLOOR = 0.6  # trigram similarity at which an unknown word is taken for a known one

EVIDENCE = (
    "cosine",
    "support",
    "third",
    "lexical",
    "coverage",
    "title_coverage",
    "context_cosine",
    "context_lexical",
    "focus_cosine",
    "subject",
)


@dataclass(frozen=True)
class Evidence:
    """One article's passages, best first, and the numbers named in EVIDENCE, each about 0..1."""

    article_id: int
    passages: tuple[PassageHit, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class QueryTerms:
    """The query's terms with their rarity; misspelt ones stand for the known term."""

    weights: Mapping[str, float]
    total: float

    @property
    def ceiling(self) -> float:
        return max(self.total * (SATURATION + 1), 1e-9)


def query_terms(text: str, corpus: CorpusStatistics, spelling: Mapping[str, str]) -> QueryTerms:
    """Each different term once. `spelling` maps unknown terms to known ones."""
    weights = {}
    for term in terms(text):
        known = spelling.get(term, term)
        weights[known] = corpus.idf(known)
    return QueryTerms(weights, sum(weights.values()))


def spelling_of(
    text: str, corpus: CorpusStatistics, candidates: Sequence[PassageHit]
) -> dict[str, str]:
    """Unknown terms of five letters or more, with the candidates' term that they resemble most."""
    unknown = {t for t in terms(text) if len(t) >= 5 and not corpus.known(t) and t.isalpha()}
    if not unknown:
        return {}
    vocabulary = {term for hit in candidates for term in _bag(hit.title, hit.kind, hit.text)[0]}
    found = {}
    for term in unknown:
        near = max(
            ((similarity(term, v), v) for v in vocabulary if abs(len(v) - len(term)) < 3),
            default=(0.0, ""),
        )
        if near[0] >= TYPO_FLOOR:
            found[term] = near[1]
    return found


@lru_cache(maxsize=20_000)
def _bag(title: str, kind: str, text: str) -> tuple[Mapping[str, int], int]:
    """The passage's term counts (a body's with its title's) and their number."""
    found = terms(text)
    if kind == "body":
        found = terms(title) + found
    return Counter(found), len(found)


@lru_cache(maxsize=20_000)
def _title_terms(title: str) -> frozenset[str]:
    return frozenset(terms(title))


def lexical(query: QueryTerms, hit: PassageHit, corpus: CorpusStatistics) -> float:
    """BM25 of a passage as a share of the most that the query could reach, 0..1."""
    bag, length = _bag(hit.title, hit.kind, hit.text)
    norm = SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * length / corpus.mean_length)
    score = 0.0
    for term, weight in query.weights.items():
        count = bag.get(term, 0)
        if count:
            score += weight * count * (SATURATION + 1) / (count + norm)
    return score / query.ceiling


def gather(
    resolved: ResolvedQuery, candidates: Sequence[PassageHit], corpus: CorpusStatistics
) -> list[Evidence]:
    """Evidence of every candidate article, in no particular order."""
    last = query_terms(resolved.text, corpus, spelling_of(resolved.text, corpus, candidates))
    context = query_terms(resolved.context, corpus, {}) if resolved.context else last
    strongest = resolved.mentions[0].weight if resolved.mentions else 1.0
    subjects = {m.name: m.weight / strongest for m in resolved.mentions}
    by_article: dict[int, list[PassageHit]] = defaultdict(list)
    for hit in candidates:
        by_article[hit.article_id].append(hit)
    floor = min((c for hit in candidates if (c := hit.vector_score) is not None), default=0.0)
    return [
        _weigh(number, hits, resolved, last, context, subjects, floor, corpus)
        for number, hits in by_article.items()
    ]


def _weigh(
    article_id: int,
    hits: Sequence[PassageHit],
    resolved: ResolvedQuery,
    last: QueryTerms,
    context: QueryTerms,
    subjects: Mapping[str, float],
    floor: float,
    corpus: CorpusStatistics,
) -> Evidence:
    cosines = [_cosines(hit, resolved, floor) for hit in hits]
    plain = [row[0] for row in cosines]
    scores = [lexical(last, hit, corpus) for hit in hits]
    title = _title_terms(hits[0].title)
    seen = set(title).union(*(_bag(h.title, h.kind, h.text)[0] for h in hits))
    order = sorted(
        range(len(hits)), key=lambda i: (-(plain[i] + 0.3 * scores[i]), hits[i].passage_id)
    )
    bodies = [c for c, h in zip(plain, hits, strict=True) if h.kind == "body"]
    voices = [c for c, h in zip(plain, hits, strict=True) if h.kind != "body"] + sorted(bodies)[-1:]
    values = (
        max(plain),
        math.log(sum(math.exp(SOFTNESS * (c - max(voices))) for c in voices)) / SOFTNESS
        + max(voices),
        sum((sorted(voices, reverse=True) + [floor, floor])[:3]) / 3,
        max(scores),
        _share(last, seen),
        _share(last, title),
        max(row[1] for row in cosines),
        max(lexical(context, hit, corpus) for hit in hits) if resolved.context else max(scores),
        max(row[2] for row in cosines),
        subjects.get(subject_of(hits[0].title), 0.0) if subjects else 0.0,
    )
    return Evidence(article_id, tuple(hits[i] for i in order), values)


def _share(query: QueryTerms, found: frozenset[str] | set[str]) -> float:
    covered = sum(weight for term, weight in query.weights.items() if term in found)
    return covered / query.total if query.total else 0.0


def _cosines(hit: PassageHit, resolved: ResolvedQuery, floor: float) -> tuple[float, float, float]:
    """Cosine with the last words, with the context and with the focus (the nearest there is)."""
    row = iter(hit.similarities)
    plain = next(row, hit.vector_score if hit.vector_score is not None else floor)
    context = next(row, plain) if resolved.context else plain
    focus = next(row, context) if resolved.focus else context
    return plain, context, focus
