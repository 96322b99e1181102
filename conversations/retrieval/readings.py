"""What the embedding model makes of the demo help centre, read once and kept with its articles.

A first start would spend a quarter of its time on texts that are the same everywhere. A text that
is not in the file, because an article was changed, is embedded as any other; so is everything
where another model is configured.
"""

import hashlib
import logging
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from conversations.retrieval.chunking import chunk, embedding_text
from conversations.retrieval.drafts import ArticleDraft
from conversations.retrieval.embedding import (
    DIMENSIONS,
    Embedder,
    Vectors,
    configured_embedder,
    read,
)
from conversations.retrieval.readers import ArticleSource
from conversations.retrieval.tokens import BASIS_PATH, SIZE, Tokens

DEMO_READINGS = Path(__file__).parents[1] / "demo" / "readings.npz"

log = logging.getLogger("portal.knowledge")

_Row = tuple[Vectors, Tokens | None]


@dataclass(frozen=True)
class Readings:
    """A model's vectors and tokens of some texts, by the texts' digests."""

    name: str  # of the model
    basis: str  # digest of the directions that the tokens' states were cut to
    rows: dict[bytes, _Row]

    def save(self, path: Path) -> None:
        """Vectors in float16: 5e-4 off at most, 0.000001 in a cosine."""
        vectors = [vector for vector, _ in self.rows.values()]
        tokens = [own or Tokens((), _no_states()) for _, own in self.rows.values()]
        np.savez_compressed(
            path,
            made_of=np.array([self.name, self.basis]),
            digests=np.array([np.frombuffer(digest, np.uint8) for digest in self.rows]),
            vectors=np.stack(vectors).astype(np.float16),
            lengths=np.array([len(own.pieces) for own in tokens], dtype=np.int32),
            states=np.concatenate([own.states for own in tokens]),
            pieces=np.array("\n".join(piece for own in tokens for piece in own.pieces)),
        )


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def basis_digest() -> str:
    return hashlib.sha256(BASIS_PATH.read_bytes()).hexdigest()


@cache
def load(path: Path) -> Readings:
    """The readings of a file that `save` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        name, basis = (str(word) for word in stored["made_of"])
        vectors = stored["vectors"].astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        pieces, states = str(stored["pieces"]).split("\n"), stored["states"]
        ends = [0, *np.cumsum(stored["lengths"]).tolist()]
        digests = [row.tobytes() for row in stored["digests"]]
    tokens = [Tokens(tuple(pieces[a:b]), states[a:b]) for a, b in pairwise(ends)]
    return Readings(name, basis, dict(zip(digests, zip(vectors, tokens, strict=True), strict=True)))


class ReadyEmbedder:
    """Tells what is in the readings, and asks the model only for the rest."""

    def __init__(self, readings: Readings, model: Callable[[], Embedder]) -> None:
        self.name = readings.name
        self._readings, self._model = readings, model

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self.read(texts)[0]

    def read(self, texts: Sequence[str]) -> tuple[Vectors, list[Tokens | None]]:
        """Raises EmbeddingUnavailable where a text is new and the model cannot be loaded."""
        known = {text: self._readings.rows.get(digest(text)) for text in dict.fromkeys(texts)}
        missing = [text for text, row in known.items() if row is None]
        found: dict[str, _Row] = {text: row for text, row in known.items() if row is not None}
        if missing:
            found |= dict(
                zip(missing, zip(*read(self._model(), missing), strict=True), strict=True)
            )
        vectors = [found[text][0] for text in texts]
        return np.array(vectors).reshape(-1, DIMENSIONS), [found[text][1] for text in texts]


def article_embedder() -> Embedder:
    """The configured embedder, with the demo's texts read already where it is the packaged one.

    Raises EmbeddingUnavailable.
    """
    config = settings.CONFIG
    if config.embedding != "minilm" or config.embedding_model:
        return configured_embedder()
    readings = _usable(DEMO_READINGS)
    return ReadyEmbedder(readings, configured_embedder) if readings else configured_embedder()


@cache
def _usable(path: Path) -> Readings | None:
    """None where the file is missing, damaged or of other directions: it only saves time. Looked
    at once a process."""
    try:
        readings = load(path)
    except (OSError, EOFError, ValueError, KeyError, BadZipFile, zlib.error):
        log.warning("%s cannot be read; the model reads the demo's texts itself.", path)
        return None
    return readings if readings.basis == basis_digest() else None


def article_drafts(path: Path) -> Iterator[ArticleDraft]:
    return (draft for draft in ArticleSource(path) if isinstance(draft, ArticleDraft))


def article_texts(path: Path) -> list[str]:
    """Every text that is embedded when these articles are imported, each once."""
    return list(
        dict.fromkeys(
            embedding_text(title=d.title, kind=piece.kind, heading=piece.heading, plain=piece.plain)
            for d in article_drafts(path)
            for piece in chunk(title=d.title, body=d.body, asked_as=d.asked_as)
        )
    )


def _no_states() -> NDArray[np.int8]:
    return np.empty((0, SIZE), dtype=np.int8)
