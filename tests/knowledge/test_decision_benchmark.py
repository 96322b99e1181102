"""The benchmark of decisions: a large knowledge base is made up, and the live one is left alone."""

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection

from conversations.benchmarks.decision_rows import fill
from conversations.models import Article, Passage
from conversations.retrieval.drafts import ArticleDraft
from conversations.retrieval.embedding import HashEmbedder
from conversations.retrieval.search import KnowledgeSearch
from conversations.retrieval.tokens import SIZE
from conversations.retrieval.types import SearchQuery
from conversations.services.evaluation_store import separate_store
from conversations.services.knowledge import KnowledgeService, Planned

pytestmark = pytest.mark.django_db

ARTICLES = [
    {"id": "returns", "title": "Return an item", "body": "Send it back within 30 days."},
    {"id": "gifts", "title": "Gift cards", "body": "A gift card is valid for three years."},
    {"id": "kettle", "title": "Descale a kettle", "body": "Boil vinegar, wait, rinse twice."},
]


def test_made_up_passages_have_words_vectors_and_tokens_of_their_own() -> None:
    with separate_store():
        service = KnowledgeService(embedder=HashEmbedder)
        drafts = [ArticleDraft(a["id"], a["title"], a["body"]) for a in ARTICLES]
        service.save_articles(planned=[Planned(draft) for draft in drafts])
        service.finish_changes()
        count = fill(60)
        assert 60 <= count == Passage.objects.count() <= 62
        made = Passage.objects.filter(article__external_id__startswith="made-")
        vectors = np.array([np.asarray(v) for v in made.values_list("embedding", flat=True)])
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3)
        # Six real passages: few pairs, so some come twice; a large base of copies would have six.
        assert len(np.unique(vectors.round(4), axis=0)) > len(vectors) / 2
        states = [bytes(own or b"") for own in made.values_list("tokens", flat=True)]
        assert all(len(own) % SIZE == 0 for own in states)
        assert any(states)
        assert not made.filter(search=None).exists()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_indexes WHERE schemaname = current_schema()"
                " AND indexdef LIKE '%USING hnsw%'"
            )
            assert cursor.fetchone() == (1,)  # it was built again
        hits = KnowledgeSearch(embedder=HashEmbedder).search(SearchQuery("Return an item")).articles
        assert hits[0].external_id == "returns"


def test_the_benchmark_tells_the_parts_of_a_decision_and_leaves_nothing(tmp_path: Path) -> None:
    articles, questions, out = (tmp_path / n for n in ("kb.jsonl", "questions.jsonl", "out.json"))
    articles.write_text("".join(json.dumps(row) + "\n" for row in ARTICLES))
    rows = [
        {"id": f"q{n}", "text": f"How do I return item {n}?", "gold": ["returns"]} for n in range(3)
    ]
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = StringIO()
    call_command(
        "benchmark_decision",
        articles=articles,
        questions=questions,
        passages=40,
        json=out,
        verbosity=0,
        stdout=told,
    )
    found = json.loads(out.read_text())
    assert 40 <= found["passages"] <= 42
    assert found["questions"] == 3
    times = {part: spent["p50"] for part, spent in found["milliseconds"].items()}
    assert 0 < times["database"] < times["total"]
    assert "3 questions over 4" in told.getvalue()
    assert not Article.objects.exists()
