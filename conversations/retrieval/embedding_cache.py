"""Vectors that need not be computed again: on disk for evaluations, in memory for questions."""

import hashlib
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from conversations.retrieval.embedding import DIMENSIONS, Embedder, Vectors


class CachedEmbedder:
    """An embedder that remembers. Not for questions whose time is measured."""

    def __init__(self, embedder: Embedder, path: Path) -> None:
        self.name = embedder.name
        self._embedder = embedder
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._store = sqlite3.connect(path, check_same_thread=False, timeout=30)
        self._store.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, row BLOB)")

    def embed(self, texts: Sequence[str]) -> Vectors:
        keys = [self._key(text) for text in texts]
        rows = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        with self._lock:
            known = {key: row for key in set(keys) if (row := self._read(key)) is not None}
            missing = [number for number, key in enumerate(keys) if key not in known]
            if missing:
                fresh = self._embedder.embed([texts[number] for number in missing])
                for number, row in zip(missing, fresh, strict=True):
                    known[keys[number]] = row
                self._write([(keys[n], r.tobytes()) for n, r in zip(missing, fresh, strict=True)])
        for number, key in enumerate(keys):
            rows[number] = known[key]
        return rows

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self.name}\0{text}".encode("utf-8", "surrogatepass")).digest()

    def _read(self, key: bytes) -> Vectors | None:
        found = self._store.execute("SELECT row FROM vectors WHERE key = ?", (key,)).fetchone()
        return np.frombuffer(found[0], dtype=np.float32) if found else None

    def _write(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        with self._store:
            self._store.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)


class RecentVectors:
    """The vectors of the last texts that were asked for, in memory. Thread-safe.

    Customers ask the same things, and a follow-up's context comes again: what was embedded a
    moment ago costs nothing.
    """

    def __init__(self, size: int = 2_000) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._rows: OrderedDict[tuple[str, str], Vectors] = OrderedDict()

    def embed(self, embedder: Embedder, texts: Sequence[str]) -> Vectors:
        keys = [(embedder.name, text) for text in texts]
        with self._lock:
            known = {key: self._rows[key] for key in keys if key in self._rows}
        missing = list(dict.fromkeys(key for key in keys if key not in known))
        if missing:
            fresh = embedder.embed([text for _, text in missing])
            known |= dict(zip(missing, fresh, strict=True))
        with self._lock:
            for key in keys:
                self._rows[key] = known[key]
                self._rows.move_to_end(key)
            while len(self._rows) > self._size:
                self._rows.popitem(last=False)
        return np.stack([known[key] for key in keys])
