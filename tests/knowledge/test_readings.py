"""The demo's texts, read once: the file has them all, as the model reads them today."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from conversations.management.commands.read_demo import demo_texts
from conversations.models import Passage
from conversations.retrieval import readings
from conversations.retrieval.drafts import ArticleDraft
from conversations.retrieval.embedding import (
    Embedder,
    EmbeddingUnavailable,
    HashEmbedder,
    read,
    registry,
)
from conversations.retrieval.readings import (
    DEMO_READINGS,
    Readings,
    ReadyEmbedder,
    article_embedder,
    basis_digest,
    digest,
    load,
)
from conversations.services.knowledge import KnowledgeService

RUN = "The demo's articles have changed: run manage.py read_demo."


def test_the_file_has_every_text_of_the_demo_and_no_other() -> None:
    texts = demo_texts(DEMO_READINGS.with_name("articles"))
    assert set(load(DEMO_READINGS).rows) == {digest(text) for text in texts}, RUN
    assert load(DEMO_READINGS).basis == basis_digest(), RUN


def test_the_file_tells_what_the_model_tells() -> None:
    texts = demo_texts(DEMO_READINGS.with_name("articles"))[::80]
    vectors, tokens = read(registry.get("minilm"), texts)
    assert load(DEMO_READINGS).name == registry.get("minilm").name
    for text, vector, own in zip(texts, vectors, tokens, strict=True):
        kept, known = load(DEMO_READINGS).rows[digest(text)]
        assert kept @ vector > 0.99999
        assert own is not None and known is not None
        assert known.pieces == own.pieces
        assert np.abs(known.states.astype(int) - own.states).max() <= 2


def nothing() -> Embedder:
    raise EmbeddingUnavailable("No model here.")


def ready(model: type[HashEmbedder] | None, *texts: str) -> ReadyEmbedder:
    rows = dict(zip(map(digest, texts), zip(*HashEmbedder().read(texts), strict=True), strict=True))
    return ReadyEmbedder(Readings("hash", "", rows), model or nothing)


def test_the_model_is_asked_only_for_what_is_new() -> None:
    wanted = HashEmbedder().embed(["one", "two", "one"])
    assert np.array_equal(ready(None, "one", "two").embed(["one", "two", "one"]), wanted)
    assert np.array_equal(ready(HashEmbedder, "two").embed(["one", "two", "one"]), wanted)
    assert ready(None).embed([]).shape == (0, 384)
    with pytest.raises(EmbeddingUnavailable):
        ready(None, "one").embed(["one", "three"])


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    texts = ["where is my order", "", "refunds take five days"]
    rows = zip(*HashEmbedder().read(texts), strict=True)
    Readings("hash", "b", dict(zip(map(digest, texts), rows, strict=True))).save(tmp_path / "r.npz")
    found = load(tmp_path / "r.npz")
    assert (found.name, found.basis) == ("hash", "b")
    for text, vector, own in zip(texts, *HashEmbedder().read(texts), strict=True):
        kept, known = found.rows[digest(text)]
        assert np.allclose(kept, vector, atol=1e-3)
        assert known is not None and own is not None and known.pieces == own.pieces
        assert np.array_equal(known.states, own.states)


def test_another_model_reads_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "get", lambda name: HashEmbedder())
    packaged = replace(settings.CONFIG, embedding="minilm", embedding_model="")
    for config, is_ready in (
        (replace(packaged, embedding="hash"), False),
        (replace(packaged, embedding_model="/models/other"), False),
        (packaged, True),
    ):
        monkeypatch.setattr(settings, "CONFIG", config)
        assert isinstance(article_embedder(), ReadyEmbedder) == is_ready


def damaged() -> bytes:
    """The real file with a byte turned round in the middle of its first member."""
    content = bytearray(DEMO_READINGS.read_bytes())
    content[90] ^= 0xFF
    return bytes(content)


@pytest.mark.parametrize("content", [None, b"", b"no archive", b"PK\x03\x04 cut off", damaged()])
def test_a_missing_or_damaged_file_leaves_the_reading_to_the_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "readings.npz"
    if content is not None:
        path.write_bytes(content)
    packaged = replace(settings.CONFIG, embedding="minilm", embedding_model="")
    monkeypatch.setattr(settings, "CONFIG", packaged)
    monkeypatch.setattr(readings, "DEMO_READINGS", path)
    monkeypatch.setattr(registry, "get", lambda name: HashEmbedder())
    assert article_embedder().name == "hash"


@pytest.mark.django_db
def test_a_new_text_without_a_model_goes_in_by_its_words() -> None:
    service = KnowledgeService(embedder=lambda: ready(None, "something else"))
    service.save_article(draft=ArticleDraft("noise", "How loud is it?", "About 60 dB."))
    assert Passage.objects.filter(embedding=None).count() == Passage.objects.count() > 0
