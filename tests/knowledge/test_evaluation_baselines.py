"""The plain rankings beside the portal's are what their names say."""

import json
import math
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from conversations.models import Passage
from conversations.retrieval.drafts import ArticleDraft
from conversations.retrieval.embedding import HashEmbedder
from conversations.retrieval.terms import terms
from conversations.retrieval.types import HistoryTurn
from conversations.services.evaluation import Question
from conversations.services.evaluation_baselines import compare, read_corpus
from conversations.services.knowledge import KnowledgeService, Planned

pytestmark = pytest.mark.django_db(transaction=True)

ARTICLES = (
    ArticleDraft("returns", "Returns", "Send parcels back within thirty days."),
    ArticleDraft("boats", "Boats", "Our boats float on lakes. Parcels float too."),
    ArticleDraft("lamps", "Lamps", "A lamp shines."),
)


@pytest.fixture
def store() -> None:
    service = KnowledgeService(embedder=HashEmbedder)
    service.save_articles(planned=[Planned(draft) for draft in ARTICLES])
    service.finish_changes()


def asked(text: str, gold: str, *before: str) -> Question:
    history = tuple(HistoryTurn("user", said) for said in before)
    return Question(text, text, frozenset({gold}), "answer", history)


def test_the_weight_of_a_word_is_that_of_the_formula(store: None) -> None:
    corpus = read_corpus()
    (word,) = terms("shines")
    (passage,), (weight,) = corpus.postings[word]
    lengths = [len(terms(plain)) for plain in Passage.objects.values_list("plain", flat=True)]
    own = len(terms(Passage.objects.get(plain__contains="shines").plain))
    rarity = math.log(1 + (len(lengths) - 1 + 0.5) / (1 + 0.5))
    norm = 1.2 * (0.25 + 0.75 * own / (sum(lengths) / len(lengths)))
    assert corpus.keys[corpus.owners[passage]] == "lamps"
    assert weight == pytest.approx(rarity * 2.2 / (1 + norm), rel=1e-4)


def test_each_ranking_finds_what_shares_its_words(store: None) -> None:
    questions = [asked("do boats float on lakes", "boats"), asked("the lamp shines", "lamps")]
    figures = compare(questions, embedder=HashEmbedder(), advanced=lambda _: None)
    assert set(figures) == {"vectors", "bm25", "reciprocal_ranks", "sum"}
    assert {tuple(found.values()) for found in figures.values()} == {(1.0, 1.0)}


def test_a_question_that_needs_its_history_is_read_with_it(store: None) -> None:
    questions = [asked("how long do they last", "boats", "I like your boats that float on lakes")]
    found = compare(questions, embedder=HashEmbedder(), advanced=lambda _: None)
    assert found["bm25"]["recall_at_1"] == 1.0


def test_the_command_puts_them_beside_its_own(tmp_path: Path) -> None:
    kb, questions, target = tmp_path / "kb.jsonl", tmp_path / "q.jsonl", tmp_path / "figures.json"
    rows = [{"id": draft.external_id, "title": draft.title, "body": draft.body}
            for draft in ARTICLES]  # fmt: skip
    kb.write_text("".join(json.dumps(row) + "\n" for row in rows))
    row = {"id": "1", "text": "boats float", "gold": ["boats"], "expected": "answer",
           "history": [], "fold": "test"}  # fmt: skip
    questions.write_text(json.dumps(row))
    out = StringIO()
    call_command("evaluate", articles=kb, questions=questions, json=target, baselines=True,
                 verbosity=0, stdout=out)  # fmt: skip
    plain = json.loads(target.read_text())["baselines"]
    assert plain["bm25"] == {"recall_at_1": 1.0, "recall_at_5": 1.0}
    assert "bm25: first / five  100.0% / 100.0%" in out.getvalue()
