"""Texts to vectors: the protocol, the registry, and an embedder of word hashes that needs no model.

An adapter is named by its dotted path and loaded on first use, once a process; nothing here leads
to torch. Vectors are float32, of length 1, EMBEDDING_DIMENSIONS long.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from time import monotonic
from typing import Protocol, cast, runtime_checkable

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from conversations.retrieval.terms import stem, terms, trigrams, words
from conversations.retrieval.tokens import SIZE, Tokens, pack
from portal.core.errors import Unavailable
from portal.core.events import emit

DIMENSIONS = 384
RETRY_SECONDS = 30.0

Vectors = NDArray[np.float32]

#: Short names for the setting PORTAL_EMBEDDING; a dotted path works as well.
EMBEDDERS = {
    "minilm": "conversations.retrieval.embedding_minilm.load",
    "hash": "conversations.retrieval.embedding.HashEmbedder",
}


class EmbeddingUnavailable(Unavailable):
    """The embedding model cannot be loaded; search goes on by words alone."""

    code = "embedding_unavailable"


class Embedder(Protocol):
    """Thread-safe. `name` tells vectors of one model from another's."""

    name: str

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text, normalised. An empty list gives an empty array."""
        ...


@runtime_checkable
class TokenReader(Protocol):
    """An embedder that can also tell the states of a text's tokens, in the same pass."""

    def read(self, texts: Sequence[str]) -> "tuple[Vectors, list[Tokens | None]]":
        """Vectors as of `embed`, and each text's tokens (None: not to be compared)."""
        ...


def read(embedder: Embedder, texts: Sequence[str]) -> tuple[Vectors, list[Tokens | None]]:
    """Vectors, and tokens where the embedder can tell them."""
    if isinstance(embedder, TokenReader):
        return embedder.read(texts)
    return embedder.embed(texts), [None] * len(texts)


class HashEmbedder:
    """Deterministic vectors from hashed words and their trigrams: for tests and machines without
    a model. Texts that share words are near; meaning is not seen."""

    def __init__(self) -> None:
        self.name = "hash"

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for term in terms(text):
                self._add(row, term, 1.0)
                for piece in trigrams(term):
                    self._add(row, piece, 0.2)
            norm = float(np.linalg.norm(row))
            row[0 if norm == 0 else slice(None)] = 1.0 if norm == 0 else row / norm
        return rows

    def read(self, texts: Sequence[str]) -> tuple[Vectors, list[Tokens | None]]:
        return self.embed(texts), [self._tokens(text) for text in texts]

    def _tokens(self, text: str) -> Tokens:
        pieces = tuple(words(text))
        states = np.zeros((len(pieces), SIZE), dtype=np.float32)
        for row, piece in zip(states, pieces, strict=True):
            digest = hashlib.blake2b(
                stem(piece).encode("utf-8", "surrogatepass"), digest_size=SIZE // 8
            ).digest()
            row[:] = np.unpackbits(np.frombuffer(digest, dtype=np.uint8)) * 2.0 - 1.0
        return Tokens(pieces, pack(states, np.eye(SIZE, dtype=np.float32)))

    def _add(self, row: Vectors, feature: str, weight: float) -> None:
        digest = hashlib.blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        number = int.from_bytes(digest, "big")
        row[number % DIMENSIONS] += weight if number >> 63 else -weight


class EmbedderRegistry:
    """Loads each embedder once; a failed load is told at once and tried again after a while."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: dict[str, Embedder] = {}
        self._failed: dict[str, tuple[float, str]] = {}

    def get(self, name: str) -> Embedder:
        """The embedder of a short name or dotted path. Raises EmbeddingUnavailable."""
        path = EMBEDDERS.get(name, name)
        if found := self._loaded.get(path):
            return found
        with self._lock:
            if found := self._loaded.get(path):
                return found
            failed_at, why = self._failed.get(path, (-RETRY_SECONDS, ""))
            if monotonic() - failed_at < RETRY_SECONDS:
                raise EmbeddingUnavailable(why)
            try:
                self._loaded[path] = self._load(path)
            except Exception as exc:  # a broken install, no weights, no memory: all are "not now"
                why = f"The embedding model cannot be loaded ({type(exc).__name__}: {exc})."
                self._failed[path] = (monotonic(), why)
                emit("model.failed", level=logging.WARNING, model=path)
                raise EmbeddingUnavailable(why) from exc
            return self._loaded[path]

    def _load(self, path: str) -> Embedder:
        module, _, attribute = path.rpartition(".")
        build = cast(Callable[[], Embedder], getattr(import_module(module), attribute))
        started = monotonic()
        embedder = build()
        emit("model.loaded", model=embedder.name, seconds=round(monotonic() - started, 3))
        return embedder


registry = EmbedderRegistry()


def configured_embedder() -> Embedder:
    """The embedder that the settings name, loaded once a process. Raises EmbeddingUnavailable."""
    return registry.get(settings.CONFIG.embedding)
