"""How the articles lie among each other in the embedding's space; learnt without labels.

Passages of one article differ in wording, not in what they answer. Whatever varies within articles
is scaled down (a within-class whitening), so that what tells articles apart counts. Each article is
then one point. The passages themselves, each compared with its article's other passages, say how
near a good question usually comes in this knowledge base, and how near its best wrong article.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

SHRINKAGE = 2.0  # times the mean variance within articles
MOST_ARTICLES = 100_000  # 77 MB of half floats; beyond, the geometry is left out
BACKGROUND = 1_000  # articles that a question is compared with to see what is ordinary
HELD_OUT = 1_500  # phrasings that are compared with the rest of their article


@dataclass(frozen=True)
class Likeness:
    """A question's closeness to articles: -1..1, and against what is ordinary in this corpus."""

    values: Array  # one row a text of the query, one column an article
    ordinary: float  # mean closeness of the first text to the background
    spread: float  # and its standard deviation


class Geometry:
    """Closeness of questions to articles. Immutable; safe to share between threads."""

    def __init__(
        self, *, ids: Sequence[int], mean: Array, transform: Array, centroids: Array
    ) -> None:
        self._row = {number: row for row, number in enumerate(ids)}
        self._mean = mean.astype(np.float32)
        self._transform = transform.astype(np.float32)
        self._centroids = centroids.astype(np.float16)
        step = max(1, len(ids) // BACKGROUND)
        self._background = centroids[::step].astype(np.float32)
        self.scale: dict[str, float] = {}

    def likeness(self, vectors: Array, article_ids: Sequence[int]) -> Likeness:
        """Closeness of each text to each article; an article unknown here gets what is ordinary."""
        texts = self.whiten(np.asarray(vectors, dtype=np.float32))
        usual = self._background @ texts[0]
        ordinary, spread = float(usual.mean()), float(usual.std())
        rows = [self._row.get(number, -1) for number in article_ids]
        values = texts @ self._centroids[rows].astype(np.float32).T
        values[:, [column for column, row in enumerate(rows) if row < 0]] = ordinary
        return Likeness(values, ordinary, spread)

    def whiten(self, vectors: Array) -> Array:
        return _unit((vectors - self._mean) @ self._transform)


class GeometryBuilder:
    """Collects passages, in any order, and makes the geometry of them in one pass."""

    def __init__(self) -> None:
        self._row: dict[int, int] = {}
        self._sums: list[Array] = []
        self._counts: list[int] = []
        self._scatter: Array | None = None
        self._held: list[tuple[int, Array]] = []

    def add(self, passages: Iterable[tuple[int, str, Array]]) -> None:
        """Passages as (article, kind, vector); a batch at a time keeps memory small."""
        batch = list(passages)
        if not batch:
            return
        vectors = np.asarray([vector for _, _, vector in batch], dtype=np.float32)
        own = vectors.T.astype(np.float64) @ vectors
        self._scatter = own if self._scatter is None else self._scatter + own
        for (article, kind, _), vector in zip(batch, vectors, strict=True):
            row = self._row.setdefault(article, len(self._row))
            if row == len(self._sums):
                self._sums.append(np.zeros(len(vector), dtype=np.float32))
                self._counts.append(0)
            self._sums[row] = self._sums[row] + vector
            self._counts[row] += 1
            if kind != "body" and len(self._held) < HELD_OUT * 4:
                self._held.append((row, vector))

    def build(self) -> Geometry | None:
        """None for fewer than two articles, or for more than fit into memory."""
        if self._scatter is None or not 2 <= len(self._sums) <= MOST_ARTICLES:
            return None
        sums, counts = np.asarray(self._sums), np.asarray(self._counts, dtype=np.float32)
        means = sums / counts[:, None]
        within = self._scatter - (sums.astype(np.float64).T @ means)
        within /= max(1.0, float(counts.sum()) - len(counts))
        transform = _whitening(within)
        mean = means.mean(axis=0)
        geometry = Geometry(
            ids=list(self._row),
            mean=mean,
            transform=transform,
            centroids=_unit((means - mean) @ transform),
        )
        geometry.scale = self._measure(geometry, sums, counts)
        return geometry

    def _measure(self, geometry: Geometry, sums: Array, counts: Array) -> dict[str, float]:
        """How near phrasings come to the rest of their own article and to the best other one."""
        held = [(row, vector) for row, vector in self._held if counts[row] > 1]
        held = held[:: max(1, len(held) // HELD_OUT)]
        if len(held) < 2:
            return {}
        rows = np.asarray([row for row, _ in held])
        vectors = np.asarray([vector for _, vector in held])
        texts = geometry.whiten(vectors)
        rest = geometry.whiten((sums[rows] - vectors) / (counts[rows] - 1)[:, None])
        own = (texts * rest).sum(axis=1)
        other = np.full(len(rows), -1.0)
        centroids = geometry._centroids
        for start in range(0, len(centroids), 4_096):
            block = texts @ centroids[start : start + 4_096].astype(np.float32).T
            inside = (rows >= start) & (rows < start + 4_096)
            block[np.flatnonzero(inside), rows[inside] - start] = -1.0
            other = np.maximum(other, block.max(axis=1))
        return {
            "own": float(own.mean()),
            "own_spread": float(own.std()),
            "other": float(other.mean()),
            "other_spread": float(other.std()),
            "separable": float((own > other).mean()),
        }


def _whitening(within: Array) -> Array:
    values, directions = np.linalg.eigh(within)
    values = np.maximum(values, 0.0)
    floor = SHRINKAGE * float(values.mean())
    if floor <= 0 or not math.isfinite(floor):
        return np.eye(len(within))
    return np.asarray((directions / np.sqrt(values / floor + 1.0)) @ directions.T)


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))
