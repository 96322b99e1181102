"""Clusters that grow with each question. Pure, and the same for the same questions in order.

A question joins the cluster whose middle is nearest, if it is near enough; otherwise it begins a
cluster of its own. Clusters whose middles have come together are joined, the smaller into the
larger.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

#: Cosine from which a question belongs to a cluster, and two clusters are one.
JOINS, SAME = 0.6, 0.8
#: Clusters that are kept; beyond, a question joins the nearest whatever its distance.
MOST = 2_000


@dataclass
class Cluster:
    """`total` is the sum of its questions' vectors; `key` is empty until it is stored."""

    total: Vectors
    size: int
    key: int | None = None

    @property
    def middle(self) -> Vectors:
        length = float(np.linalg.norm(self.total))
        return self.total / length if length else self.total


def assign(vectors: Vectors, clusters: list[Cluster]) -> list[int]:
    """Put each vector into a cluster; returns their places. New clusters are added at the end."""
    width = vectors.shape[1] if vectors.ndim == 2 else 0
    middles = np.zeros((max(MOST, len(clusters)), width), dtype=np.float32)
    for place, cluster in enumerate(clusters):
        middles[place] = cluster.middle
    found = []
    for vector in vectors:
        count = len(clusters)
        place, near = -1, -1.0
        if count:
            likeness = middles[:count] @ vector
            place = int(np.argmax(likeness))
            near = float(likeness[place])
        if near < JOINS and count < MOST:
            place = count
            clusters.append(Cluster(np.zeros(width, dtype=np.float32), 0))
        cluster = clusters[place]
        cluster.total = cluster.total + vector
        cluster.size += 1
        middles[place] = cluster.middle
        found.append(place)
    return found


def joined(clusters: Sequence[Cluster]) -> dict[int, int]:
    """Which cluster (by place) goes into which: chains are followed to their end."""
    into: dict[int, int] = {}
    order = sorted(range(len(clusters)), key=lambda place: (-clusters[place].size, place))
    kept: list[int] = []
    middles = np.array([cluster.middle for cluster in clusters], dtype=np.float32)
    for place in order:
        if kept:
            likeness = middles[kept] @ middles[place]
            nearest = int(np.argmax(likeness))
            if float(likeness[nearest]) >= SAME:
                into[place] = kept[nearest]
                continue
        kept.append(place)
    return into
