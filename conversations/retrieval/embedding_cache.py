"""Vectors that need not be computed again: on disk for evaluations, in memory for questions."""

import hashlib
import json
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from django.conf import settings

from conversations.retrieval.embedding import DIMENSIONS, Embedder, Vectors, read
from conversations.retrieval.readings import article_embedder
from conversations.retrieval.tokens import Tokens, unpack

_Row = tuple[Vectors, Tokens | None]


class CachedEmbedder:
    """An embedder that remembers. Not for questions whose time is measured."""

    def __init__(self, embedder: Embedder, path: Path) -> None:
        self.name = embedder.name
        self._embedder = embedder
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._store = sqlite3.connect(path, check_same_thread=False, timeout=30)
        self._store.execute(
            "CREATE TABLE IF NOT EXISTS readings"
            " (key BLOB PRIMARY KEY, row BLOB, pieces TEXT, states BLOB)"
        )

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self.read(texts)[0]

    def read(self, texts: Sequence[str]) -> tuple[Vectors, list[Tokens | None]]:
        keys = [self._key(text) for text in texts]
        with self._lock:
            known = {key: row for key in set(keys) if (row := self._read(key)) is not None}
            missing = [number for number, key in enumerate(keys) if key not in known]
            if missing:
                fresh = zip(*read(self._embedder, [texts[n] for n in missing]), strict=True)
                found = {keys[n]: row for n, row in zip(missing, fresh, strict=True)}
                self._write(found)
                known |= found
        return _joined([known[key] for key in keys])

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self.name}\0{text}".encode("utf-8", "surrogatepass")).digest()

    def _read(self, key: bytes) -> _Row | None:
        found = self._store.execute(
            "SELECT row, pieces, states FROM readings WHERE key = ?", (key,)
        ).fetchone()
        if found is None:
            return None
        row, pieces, states = found
        tokens = None if states is None else Tokens(tuple(json.loads(pieces)), unpack(states))
        return np.frombuffer(row, dtype=np.float32), tokens

    def _write(self, rows: Mapping[bytes, _Row]) -> None:
        with self._store:
            self._store.executemany(
                "INSERT OR REPLACE INTO readings VALUES (?, ?, ?, ?)",
                [
                    (key, row.tobytes())
                    + ((json.dumps(t.pieces), t.states.tobytes()) if t else (None, None))
                    for key, (row, t) in rows.items()
                ],
            )


def _joined(rows: Sequence[_Row]) -> tuple[Vectors, list[Tokens | None]]:
    if not rows:
        return np.empty((0, DIMENSIONS), dtype=np.float32), []
    return np.stack([vector for vector, _ in rows]), [tokens for _, tokens in rows]


@cache
def remembering_embedder() -> Embedder:
    """The embedder of evaluations: articles are read once, whatever is measured over them."""
    return CachedEmbedder(article_embedder(), settings.CONFIG.var / "cache" / "embeddings.sqlite3")


class RecentVectors:
    """Vectors and tokens of the last texts that were asked for, in memory. Thread-safe.

    Customers ask the same things, and a follow-up's context comes again: what was embedded a
    moment ago costs nothing.
    """

    def __init__(self, size: int = 2_000) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._rows: OrderedDict[tuple[str, str], _Row] = OrderedDict()

    def read(self, embedder: Embedder, texts: Sequence[str]) -> tuple[Vectors, list[Tokens | None]]:
        keys = [(embedder.name, text) for text in texts]
        with self._lock:
            known = {key: self._rows[key] for key in keys if key in self._rows}
        missing = list(dict.fromkeys(key for key in keys if key not in known))
        if missing:
            fresh = zip(*read(embedder, [text for _, text in missing]), strict=True)
            known |= dict(zip(missing, fresh, strict=True))
        with self._lock:
            for key in keys:
                self._rows[key] = known[key]
                self._rows.move_to_end(key)
            while len(self._rows) > self._size:
                self._rows.popitem(last=False)
        return _joined([known[key] for key in keys])
