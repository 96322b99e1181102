"""Vectors kept on disk by the hash of their text: evaluation embeds the same articles often."""

import hashlib
import sqlite3
import threading
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
