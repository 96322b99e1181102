"""What speaks for each candidate article: scale-free numbers from the passages that a search found.

Pure. Everything lexical is computed here from the texts and the corpus' term counts, so that the
ranking does not depend on the scale of the database's full-text rank.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from conversations.retrieval.corpus import CorpusStatistics
from conversations.retrieval.followup import ResolvedQuery
from conversations.retrieval.geometry import Array
from conversations.retrieval.subjects import subject_of
from conversations.retrieval.terms import similarity, terms
from conversations.retrieval.types import PassageHit

SATURATION = 1.2  # BM25 k1
LENGTH_WEIGHT = 0.75  # BM25 b
SOFTNESS = 12.0  # how little a second near phrasing adds to the nearest
TYPO_FLOOR = 0.6  # trigram similarity at which an unknown word is taken for a known one
TYPO_LETTERS = 5
MOST_UNKNOWN = 6  # each is compared with every term of the candidates

EVIDENCE = (
    "cosine",  # of the nearest passage
    "support",  # nearest phrasings together
    "lexical",  # BM25 of the best passage, as a share of what the question could reach
    "coverage",  # share of the question's rarity that the found passages hold
    "title_coverage",
    "centroid",  # closeness to the article as a whole
    "context_centroid",
    "focus_cosine",
    "focus_centroid",
    "rare_coverage",  # coverage with rarity squared: a product code outweighs many plain words
    "long_lexical",  # lexical again, for long questions
    "subject",  # how surely the conversation is about the article's subject
    "token_together",  # nearness of the question's tokens: see tokens.Nearness
    "token_alone",
)
NO_TOKENS = (0.0, 0.0)  # until the leading articles' tokens are read
LONG_QUESTION = 25  # terms from which on long_lexical counts in full


@dataclass(frozen=True)
class Evidence:
    """One article's passages, best first, and the numbers named in EVIDENCE."""

    article_id: int
    passages: tuple[PassageHit, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class QueryTerms:
    """The query's terms with their rarity; a misspelt one stands for the known term."""

    weights: Mapping[str, float]
    total: float

    @property
    def ceiling(self) -> float:
        return max(self.total * (SATURATION + 1), 1e-9)


@dataclass(frozen=True)
class Question:
    """Everything about the question that the articles are weighed by."""

    resolved: ResolvedQuery
    last: QueryTerms
    subjects: Mapping[str, float]
    floor: float  # cosine of a passage that has none
    corpus: CorpusStatistics
    centroids: Mapping[int, tuple[float, float, float]] = field(default_factory=dict)
    ordinary: float = 0.0  # closeness of the question to an ordinary article
    spread: float = 0.0


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
    """Unknown terms, with the candidates' term that each resembles most."""
    unknown = {
        term
        for term in terms(text)
        if len(term) >= TYPO_LETTERS and term.isalpha() and not corpus.known(term)
    }
    unknown = set(sorted(unknown)[:MOST_UNKNOWN])
    if not unknown:
        return {}
    vocabulary = sorted({term for hit in candidates for term in _bag_of(hit)[0]})
    found = {}
    for term in unknown:
        near = [(similarity(term, v), v) for v in vocabulary if abs(len(v) - len(term)) < 3]
        value, known = max(near, default=(0.0, ""))
        if value >= TYPO_FLOOR:
            found[term] = known
    return found


def ask(
    resolved: ResolvedQuery,
    candidates: Sequence[PassageHit],
    corpus: CorpusStatistics,
    vectors: Array | None = None,
) -> Question:
    """Prepare the question: terms, subjects, and its closeness to the candidates' articles."""
    last = query_terms(resolved.text, corpus, spelling_of(resolved.text, corpus, candidates))
    strongest = resolved.mentions[0].weight if resolved.mentions else 1.0
    centroids, ordinary, spread = _centroids(resolved, candidates, corpus, vectors)
    return Question(
        resolved=resolved,
        last=last,
        subjects={m.name: m.weight / strongest for m in resolved.mentions},
        floor=min((c for h in candidates if (c := h.vector_score) is not None), default=0.0),
        corpus=corpus,
        centroids=centroids,
        ordinary=ordinary,
        spread=spread,
    )


def _centroids(
    resolved: ResolvedQuery,
    candidates: Sequence[PassageHit],
    corpus: CorpusStatistics,
    vectors: Array | None,
) -> tuple[dict[int, tuple[float, float, float]], float, float]:
    if corpus.geometry is None or vectors is None or not candidates:
        return {}, 0.0, 0.0
    ids = sorted({hit.article_id for hit in candidates})
    likeness = corpus.geometry.likeness(vectors, ids)
    values = np.asarray(likeness.values, dtype=float)
    context = values[1] if resolved.context else values[0]
    focus = values[-1] if resolved.focus else context
    rows = zip(values[0].tolist(), context.tolist(), focus.tolist(), strict=True)
    return dict(zip(ids, rows, strict=True)), likeness.ordinary, likeness.spread


def gather(question: Question, candidates: Sequence[PassageHit]) -> list[Evidence]:
    """Evidence of every candidate article, in the order of the candidates."""
    by_article: dict[int, list[PassageHit]] = defaultdict(list)
    for hit in candidates:
        by_article[hit.article_id].append(hit)
    return [_weigh(number, hits, question) for number, hits in by_article.items()]


def _weigh(article_id: int, hits: Sequence[PassageHit], question: Question) -> Evidence:
    cosines = [_cosines(hit, question) for hit in hits]
    plain = [row[0] for row in cosines]
    scores = [lexical(question.last, hit, question.corpus) for hit in hits]
    title = _title_terms(hits[0].title)
    seen = set(title).union(*(_bag_of(hit)[0] for hit in hits))
    voices = _voices(hits, plain)
    centroid = question.centroids.get(article_id) or tuple(
        max(c) for c in zip(*cosines, strict=True)
    )
    subjects = question.subjects
    values = (
        max(plain),
        _soft_maximum(voices),
        max(scores),
        _share(question.last, seen),
        _share(question.last, title),
        centroid[0],
        centroid[1],
        max(row[2] for row in cosines),
        centroid[2],
        _rare_share(question.last, seen),
        max(scores) * min(1.0, len(question.last.weights) / LONG_QUESTION),
        subjects.get(subject_of(hits[0].title), 0.0) if subjects else 0.0,
        *NO_TOKENS,
    )
    order = sorted(range(len(hits)), key=lambda i: (-plain[i] - scores[i] / 3, hits[i].passage_id))
    return Evidence(article_id, tuple(hits[i] for i in order), values)


def _voices(hits: Sequence[PassageHit], cosines: Sequence[float]) -> list[float]:
    """Cosines of the title and the phrasings, and of the best body passage: a long body has no more
    say than a short one."""
    pairs = list(zip(hits, cosines, strict=True))
    spoken = [cosine for hit, cosine in pairs if hit.kind != "body"]
    return spoken + sorted(cosine for hit, cosine in pairs if hit.kind == "body")[-1:]


def _soft_maximum(values: Sequence[float]) -> float:
    top = max(values)
    return top + math.log(sum(math.exp(SOFTNESS * (v - top)) for v in values)) / SOFTNESS


def _cosines(hit: PassageHit, question: Question) -> tuple[float, float, float]:
    """Cosine with the last words, with the context and with the focus (the nearest there is)."""
    row = iter(hit.similarities)
    known = hit.vector_score if hit.vector_score is not None else question.floor
    plain = next(row, known)
    context = next(row, plain) if question.resolved.context else plain
    focus = next(row, context) if question.resolved.focus else context
    return plain, context, focus


def lexical(query: QueryTerms, hit: PassageHit, corpus: CorpusStatistics) -> float:
    """BM25 of a passage as a share of the most that the query could reach, 0..1."""
    bag, length = _bag_of(hit)
    norm = SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * length / corpus.mean_length)
    score = 0.0
    for term, weight in query.weights.items():
        if count := bag.get(term, 0):
            score += weight * count * (SATURATION + 1) / (count + norm)
    return score / query.ceiling


def _share(query: QueryTerms, found: Collection[str]) -> float:
    covered = sum(weight for term, weight in query.weights.items() if term in found)
    return covered / query.total if query.total else 0.0


def _rare_share(query: QueryTerms, found: Collection[str]) -> float:
    total = sum(w * w for w in query.weights.values())
    return sum(w * w for t, w in query.weights.items() if t in found) / total if total else 0.0


def _bag_of(hit: PassageHit) -> tuple[Mapping[str, int], int]:
    return _bag(hit.title if hit.kind == "body" else "", hit.text)


@lru_cache(maxsize=20_000)
def _bag(title: str, text: str) -> tuple[Mapping[str, int], int]:
    """Term counts (of a body with its title's) and how many terms there are."""
    found = terms(title) + terms(text)
    return Counter(found), len(found)


@lru_cache(maxsize=20_000)
def _title_terms(title: str) -> frozenset[str]:
    return frozenset(terms(title))
