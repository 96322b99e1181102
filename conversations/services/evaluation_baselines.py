"""Plain rankings beside the portal's, over the same passages and questions.

The nearest passage by vector, BM25 (Robertson and Zaragoza 2009, k1 1.2, b 0.75), their reciprocal
ranks fused (Cormack, Clarke and Büttcher 2009, k 60), and their sum at equal spread with BM25 at
half weight. An article ranks by its best passage. Read inside the evaluation's own store.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conversations.models import Article, Passage
from conversations.retrieval.embedding import Embedder
from conversations.retrieval.terms import terms
from conversations.services.evaluation import Question

K1, B = 1.2, 0.75
FUSED = 60
HALF = 0.5
BATCH = 64
#: Turns before the question that a baseline reads, where it reads any.
TURNS = 2

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Corpus:
    """Every passage: whose it is (a row of `keys`), its vector, and its weight for each term."""

    keys: tuple[str, ...]
    owners: NDArray[np.int64]
    vectors: Scores
    postings: dict[str, tuple[NDArray[np.int64], Scores]]

    def best(self, scores: Scores) -> Scores:
        """For each article the score of its best passage."""
        found = np.full(len(self.keys), -np.inf, dtype=np.float32)
        np.maximum.at(found, self.owners, scores)
        return found


def compare(
    questions: Sequence[Question], *, embedder: Embedder, advanced: Callable[[int], object]
) -> dict[str, dict[str, float]]:
    """Recall at 1 and 5 of each plain ranking, over the questions that an article answers.

    Where questions have a history each ranking is read with and without it, and its better one is
    reported: for each of the two figures apart.
    """
    asked = [question for question in questions if question.answerable]
    corpus = read_corpus()
    figures: dict[str, dict[str, float]] = {}
    readings = [False, True] if any(question.history for question in asked) else [False]
    for with_history in readings:
        places: dict[str, list[int]] = {}
        for question, rankings in _ranked(asked, corpus, embedder, with_history):
            for name, scores in rankings.items():
                places.setdefault(name, []).append(_place(question, corpus, scores))
            advanced(1)
        for name, found in places.items():
            best = figures.setdefault(name, {"recall_at_1": 0.0, "recall_at_5": 0.0})
            for figure, within in (("recall_at_1", 1), ("recall_at_5", 5)):
                share = sum(place < within for place in found) / len(found)
                best[figure] = max(best[figure], round(share, 4))
    return figures


def read_corpus() -> Corpus:
    rows = list(
        Passage.objects.filter(
            article__status=Article.Status.PUBLISHED, embedding__isnull=False
        ).values_list("article__external_id", "plain", "embedding")
    )
    keys = tuple(sorted({row[0] for row in rows}))
    numbers = {key: number for number, key in enumerate(keys)}
    return Corpus(
        keys=keys,
        owners=np.array([numbers[row[0]] for row in rows], dtype=np.int64),
        vectors=np.array([row[2] for row in rows], dtype=np.float32).reshape(len(rows), -1),
        postings=_weigh([Counter(terms(row[1])) for row in rows]),
    )


def _weigh(counts: Sequence[Counter[str]]) -> dict[str, tuple[NDArray[np.int64], Scores]]:
    """BM25's weight of each term in each passage that has it."""
    lengths = [sum(count.values()) for count in counts]
    mean = sum(lengths) / max(len(lengths), 1) or 1.0
    found: dict[str, list[tuple[int, float]]] = {}
    for number, count in enumerate(counts):
        for term, times in count.items():
            norm = K1 * (1 - B + B * lengths[number] / mean)
            found.setdefault(term, []).append((number, times * (K1 + 1) / (times + norm)))
    return {
        term: (
            np.array([number for number, _ in pairs], dtype=np.int64),
            _rarity(len(pairs), len(counts)) * np.array([w for _, w in pairs], dtype=np.float32),
        )
        for term, pairs in found.items()
    }


def _rarity(having: int, of: int) -> np.float32:
    return np.float32(np.log(1 + (of - having + 0.5) / (having + 0.5)))


def _ranked(
    asked: Sequence[Question], corpus: Corpus, embedder: Embedder, with_history: bool
) -> Iterator[tuple[Question, dict[str, Scores]]]:
    for start in range(0, len(asked), BATCH):
        some = asked[start : start + BATCH]
        texts = [_text(question, with_history) for question in some]
        near = embedder.embed(texts) @ corpus.vectors.T
        for question, text, cosines in zip(some, texts, near, strict=True):
            words = corpus.best(_bm25(corpus, text))
            yield question, _rankings(corpus.best(cosines), words)


def _text(question: Question, with_history: bool) -> str:
    before = question.history[-TURNS:] if with_history else ()
    return " ".join(chain((turn.text for turn in before), (question.text,)))


def _bm25(corpus: Corpus, text: str) -> Scores:
    scores = np.zeros(len(corpus.owners), dtype=np.float32)
    for term in terms(text):
        if (posting := corpus.postings.get(term)) is not None:
            scores[posting[0]] += posting[1]
    return scores


def _rankings(cosines: Scores, words: Scores) -> dict[str, Scores]:
    spread = [scores / max(float(scores.std()), 1e-9) for scores in (cosines, words)]
    ranks = [1.0 / (FUSED + 1 + _order(scores)) for scores in (cosines, words)]
    return {
        "vectors": cosines,
        "bm25": words,
        "reciprocal_ranks": (ranks[0] + ranks[1]).astype(np.float32),
        "sum": spread[0] + HALF * spread[1],
    }


def _order(scores: Scores) -> NDArray[Any]:
    """Each article's place, from 0."""
    return np.argsort(np.argsort(-scores, kind="stable"), kind="stable")


def _place(question: Question, corpus: Corpus, scores: Scores) -> int:
    """How many articles rank before the best gold one; all of them where none is there."""
    gold = [scores[number] for number, key in enumerate(corpus.keys) if key in question.gold]
    return int((scores > max(gold)).sum()) if gold else len(corpus.keys)
