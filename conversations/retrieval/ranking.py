"""Ranks the articles that the passages of one search belong to, and says how clear the result is.

In two steps: every candidate is weighed, then the leading ones' tokens are compared with the
question's (`nearness`), which is too dear for all. Pure and deterministic. `signals` are numbers
without labels, each finite; the decision is made of them. The weights were fitted over the
development sets (docs/answering.md).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from conversations.retrieval.corpus import CorpusStatistics
from conversations.retrieval.evidence import (
    EVIDENCE,
    Evidence,
    Question,
    ask,
    gather,
    query_terms,
)
from conversations.retrieval.followup import ResolvedQuery, resolve
from conversations.retrieval.geometry import Array
from conversations.retrieval.terms import words
from conversations.retrieval.tokens import Nearness
from conversations.retrieval.types import ArticleHit, PassageHit, SearchQuery, SearchResult

WEIGHTS = {
    "cosine": 3.0,
    "support": 2.3,
    "lexical": 0.7,
    "coverage": 0.8,
    "title_coverage": 0.8,
    "centroid": 4.5,
    "context_centroid": 2.0,
    "focus_cosine": 1.2,
    "focus_centroid": 3.5,
    "rare_coverage": 0.8,
    "long_lexical": 12.0,
    "subject": 6.0,
    "token_together": 2.0,
    "token_alone": 2.0,
}
KEPT = 10  # articles in a result
LEADING = 8  # articles whose tokens are compared
LEADING_PASSAGES = 3  # of each
#: Of the tokens' nearness by cosine: a line through the development sets.
EXPECTED = {"token_together": (0.55, 0.45), "token_weakest": (0.6, 0.25)}
POINTING = frozenset(
    "it its this that these those they them their he him his she her there one ones such".split()
)
_VECTOR = tuple(WEIGHTS[name] for name in EVIDENCE)
_AT = {name: position for position, name in enumerate(EVIDENCE)}


@dataclass(frozen=True)
class Weighed:
    """The candidates' articles with what speaks for each, the best first."""

    question: Question
    items: tuple[Evidence, ...]

    @property
    def leading(self) -> dict[int, tuple[int, ...]]:
        """Ids of the articles whose tokens are worth comparing, each with its best passages'."""
        return {
            item.article_id: tuple(hit.passage_id for hit in item.passages[:LEADING_PASSAGES])
            for item in self.items[:LEADING]
        }


def weigh(
    query: SearchQuery,
    candidates: Sequence[PassageHit],
    corpus: CorpusStatistics,
    *,
    resolved: ResolvedQuery | None = None,
    vectors: Array | None = None,
) -> Weighed:
    """`resolved` is what was searched for (left out, it is worked out again), `vectors` its texts'
    embeddings, one row a text."""
    resolved = resolved or resolve(query, corpus)
    question = ask(resolved, candidates, corpus, vectors)
    return Weighed(question, _ordered(gather(question, candidates)))


def rank(
    query: SearchQuery,
    candidates: Sequence[PassageHit],
    corpus: CorpusStatistics,
    *,
    resolved: ResolvedQuery | None = None,
    vectors: Array | None = None,
) -> SearchResult:
    """As `settle(weigh(...))`: without a look at the tokens."""
    return settle(query, weigh(query, candidates, corpus, resolved=resolved, vectors=vectors), {})


def settle(
    query: SearchQuery, weighed: Weighed, nearness: Mapping[int, Nearness | None]
) -> SearchResult:
    """The best articles first, ties by external id; no candidates give an empty result."""
    near = {number: found for number, found in nearness.items() if found is not None}
    items = with_tokens(weighed.items, near)
    resolved = weighed.question.resolved
    scored = [(score(item), item) for item in items]
    return SearchResult(
        query=resolved.focus or resolved.text,
        articles=tuple(_article(value, item) for value, item in scored[:KEPT]),
        signals=signals(query, weighed.question, scored) | _token_signals(items, near),
    )


def with_tokens(items: Sequence[Evidence], near: Mapping[int, Nearness]) -> tuple[Evidence, ...]:
    """The evidence in its new order. An article that was not compared counts as the farthest of
    those that were, so that it gains nothing by being left out."""
    if not near:
        return tuple(items)
    values = [(found.together, found.alone) for found in near.values()]
    farthest = tuple(map(min, zip(*values, strict=True)))
    own = dict(zip(near, values, strict=True))
    return _ordered(
        [
            Evidence(
                item.article_id,
                item.passages,
                (*item.values[:-2], *own.get(item.article_id, farthest)),
            )
            for item in items
        ]
    )


def _ordered(items: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(sorted(items, key=lambda item: (-score(item), item.passages[0].external_id)))


def _token_signals(items: Sequence[Evidence], near: Mapping[int, Nearness]) -> dict[str, float]:
    """How near the best article's tokens are to the question's; where they were not compared, what
    its cosine lets expect."""
    if not items:
        return {}
    if found := near.get(items[0].article_id):
        return {"token_together": found.together, "token_weakest": found.weakest}
    cosine = items[0].values[_AT["cosine"]]
    return {name: least + rise * cosine for name, (least, rise) in EXPECTED.items()}


def score(item: Evidence) -> float:
    """Log-odds scale: a difference of 1 makes an article e times as likely."""
    return sum(weight * value for weight, value in zip(_VECTOR, item.values, strict=True))


def signals(
    query: SearchQuery, question: Question, scored: Sequence[tuple[float, Evidence]]
) -> dict[str, float]:
    """What the ranking looks like: how good the best article is and how far ahead of the rest."""
    corpus, resolved = question.corpus, question.resolved
    asked = query_terms(resolved.text, corpus, {})
    unknown = sum(w for term, w in asked.weights.items() if not corpus.known(term))
    found = {
        "articles": float(corpus.articles),
        "terms": float(len(asked.weights)),
        "words": float(len(words(resolved.text))),
        "unknown": unknown / asked.total if asked.total else 1.0,
        "history": float(len(query.history)),
        "pointing": _pointing(resolved.text),
    }
    if not scored:
        return found
    best = scored[0][1].values
    shares = _softmax([value for value, _ in scored])
    found |= {name: best[position] for name, position in _AT.items()}
    found |= {
        "share": shares[0],
        "second_share": shares[1] if len(shares) > 1 else 0.0,
        "third_share": shares[2] if len(shares) > 2 else 0.0,
        "spread": -sum(p * math.log(p) for p in shares if p > 0),
    }
    for name in ("cosine", "lexical", "coverage", "centroid"):
        found |= _standing(name, best[_AT[name]], [item.values[_AT[name]] for _, item in scored])
    found |= _against_corpus(best[_AT["centroid"]], question)
    return found


def _pointing(text: str) -> float:
    """Share of words that point at something said before or seen ("it", "this", "they")."""
    said = words(text)
    return sum(word in POINTING for word in said) / len(said) if said else 0.0


def _against_corpus(centroid: float, question: Question) -> dict[str, float]:
    """The best article's closeness against ordinary articles and this corpus' own phrasings."""
    scale = question.corpus.geometry.scale if question.corpus.geometry else {}
    if not question.centroids:
        return {}
    found = {"ordinary_z": (centroid - question.ordinary) / (question.spread + 0.02)}
    if scale:
        found |= {
            "own_z": (centroid - scale["own"]) / (scale["own_spread"] + 0.02),
            "other_z": (centroid - scale["other"]) / (scale["other_spread"] + 0.02),
            "separable": scale["separable"],
        }
    return found


def _standing(name: str, best: float, values: Sequence[float]) -> dict[str, float]:
    """How the best article's value stands among all candidates' in one respect."""
    ordered = sorted(values, reverse=True)
    rest = ordered[3:33] or [0.0]
    mean = sum(rest) / len(rest)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in rest) / len(rest))
    rival = ordered[1] if best >= ordered[0] and len(ordered) > 1 else ordered[0]
    return {
        f"{name}_margin": best - (rival if len(ordered) > 1 else 0.0),
        f"{name}_lift": best - mean,
        f"{name}_z": (best - mean) / (deviation + 0.02),
        f"{name}_place": 1.0 / (1 + sum(value > best for value in values)),
    }


def _softmax(values: Sequence[float]) -> list[float]:
    top = max(values)
    powers = [math.exp(value - top) for value in values]
    total = sum(powers)
    return [power / total for power in powers]


def _article(value: float, item: Evidence) -> ArticleHit:
    first = item.passages[0]
    return ArticleHit(
        article_id=item.article_id,
        external_id=first.external_id,
        revision=first.revision,
        title=first.title,
        url=first.url,
        score=value,
        passages=item.passages,
    )
