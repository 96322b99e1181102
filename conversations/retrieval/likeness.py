"""How like texts are by meaning, with the vectors of sentences kept: articles are quoted often."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from threading import Lock

import numpy as np

from conversations.retrieval.embedding import Embedder, Vectors

#: Sentences kept; 384 floats each, so some 30 MB.
KEPT = 20_000
WARM_BATCH = 8


class Likeness:
    """Callable as the extractive rung's similarity. Thread-safe."""

    def __init__(self, embedder: Callable[[], Embedder], *, kept: int = KEPT) -> None:
        self._embedder, self._kept = embedder, kept
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = Lock()

    def __call__(self, text: str, others: Sequence[str]) -> list[float]:
        """Cosines of `text` with each of `others`. Raises EmbeddingUnavailable."""
        vectors = self._embed([text, *others])
        return [float(value) for value in vectors[1:] @ vectors[0]]

    def warm(self, texts: Iterable[str], *, seconds: float) -> int:
        """Compute vectors in advance, in small batches, for so long at most. How many were kept."""
        ends, done = time.monotonic() + seconds, 0
        for batch in batched(texts, WARM_BATCH):
            if time.monotonic() > ends or done >= self._kept:
                break
            self._embed(batch)
            done += len(batch)
        return done

    def _embed(self, texts: Sequence[str]) -> Vectors:
        with self._lock:
            known = {text: self._vectors[text] for text in texts if text in self._vectors}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            fresh = dict(zip(missing, self._embedder().embed(missing), strict=True))
            known |= fresh
            self._keep(fresh)
        return np.stack([known[text] for text in texts])

    def _keep(self, fresh: dict[str, Vectors]) -> None:
        with self._lock:
            self._vectors |= fresh
            while len(self._vectors) > self._kept:
                self._vectors.popitem(last=False)


def batched(texts: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    """Tuples of at most `size` texts."""
    source = iter(texts)
    while batch := tuple(islice(source, size)):
        yield batch
