"""Embeddings: the fast MiniLM gives the vectors of sentence-transformers."""

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from conversations.retrieval.embedding import (
    DIMENSIONS,
    EmbedderRegistry,
    EmbeddingUnavailable,
    HashEmbedder,
    Vectors,
)
from conversations.retrieval.embedding_cache import CachedEmbedder, RecentVectors


class CountingEmbedder(HashEmbedder):
    """Counts the texts that it was given."""

    count = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.count += len(texts)
        return super().embed(texts)


TEXTS = [
    "where is my order",
    "",
    "How do I return an item that arrived broken, and when do I get my money back?",
    "word " * 900,
    "日本語 العربية 😀",
]


def test_minilm_gives_the_vectors_of_sentence_transformers() -> None:
    from conversations.retrieval.embedding_minilm import (
        MiniLMEmbedder,
        SentenceTransformerEmbedder,
        packaged_folder,
    )

    fast, slow = MiniLMEmbedder(packaged_folder()), SentenceTransformerEmbedder(packaged_folder())
    ours, theirs = fast.embed(TEXTS), slow.embed(TEXTS)
    assert ours.shape == (len(TEXTS), DIMENSIONS)
    assert np.allclose(ours, theirs, atol=2e-5)
    assert np.allclose(ours[0], fast.embed([TEXTS[0]])[0], atol=1e-5)  # alone as in a batch
    assert fast.embed([]).shape == (0, DIMENSIONS)


def test_threads_may_share_one_minilm() -> None:
    embedder = EmbedderRegistry().get("minilm")
    wanted = embedder.embed(TEXTS)
    wrong: list[int] = []

    def run(number: int) -> None:
        if not np.allclose(embedder.embed([TEXTS[number]])[0], wanted[number], atol=1e-5):
            wrong.append(number)

    threads = [threading.Thread(target=run, args=(n % len(TEXTS),)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_hash_embedder_is_deterministic_and_normalised() -> None:
    first, second = HashEmbedder().embed(TEXTS), HashEmbedder().embed(TEXTS)
    assert np.array_equal(first, second)
    assert np.allclose(np.linalg.norm(first, axis=1), 1.0)
    near, far = (
        HashEmbedder().embed(["returns and refunds", "opening hours"])
        @ (HashEmbedder().embed(["refunds for returns"])[0])
    )
    assert near > far


def test_an_embedder_that_cannot_load_is_told_at_once_and_tried_later() -> None:
    registry = EmbedderRegistry()
    for _ in range(2):
        with pytest.raises(EmbeddingUnavailable, match="no_such_module"):
            registry.get("no_such_module.load")


def test_the_cache_embeds_each_text_once(tmp_path: Path) -> None:
    counting = CountingEmbedder()
    cached = CachedEmbedder(counting, tmp_path / "cache.sqlite3")
    first = cached.embed(["a", "b", "a"])
    again = CachedEmbedder(counting, tmp_path / "cache.sqlite3").embed(["b", "a"])
    assert np.array_equal(first[:2], again[::-1])
    assert counting.count <= 3


def test_recent_texts_are_not_embedded_again() -> None:
    counting = CountingEmbedder()
    recent = RecentVectors(size=2)
    wanted = HashEmbedder().embed(["a", "b"])
    assert np.array_equal(recent.read(counting, ["a", "b"])[0], wanted)
    assert np.array_equal(recent.read(counting, ["b", "a"])[0], wanted[::-1])
    assert counting.count == 2
    recent.read(counting, ["c"])
    recent.read(counting, ["a", "c"])
    assert counting.count == 3  # "b" was the oldest and went
    recent.read(counting, ["b"])
    assert counting.count == 4


def test_search_and_import_lead_to_no_torch() -> None:
    modules = "conversations.retrieval.search, conversations.services.knowledge_import"
    code = (
        "import django; django.setup(); import sys; "
        f"import {modules}; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
