"""An explanation tells what a decision was made of, and its sums come out as the decision did."""

import json
import math
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from conversations.dialogue.calibration import load
from conversations.dialogue.memory import Memory
from conversations.retrieval.drafts import ArticleDraft
from conversations.retrieval.embedding import HashEmbedder
from conversations.retrieval.search import KnowledgeSearch
from conversations.services.explanation import explain
from conversations.services.explanation_text import as_text
from conversations.services.judging import SearchJudge
from conversations.services.knowledge import KnowledgeService, Planned

ARTICLES = (
    ArticleDraft("returns", "Return an item", "You can send it back within 30 days of delivery.",
                 asked_as=("How do I give something back?",)),
    ArticleDraft("delivery", "Delivery times", "Parcels arrive in two working days in Europe."),
    ArticleDraft("pay", "Ways to pay", "Pay by card or by invoice."),
)  # fmt: skip


@pytest.fixture
def judge(db: None) -> SearchJudge:
    service = KnowledgeService(embedder=HashEmbedder)
    service.save_articles(planned=[Planned(draft) for draft in ARTICLES])
    service.finish_changes()
    return SearchJudge(
        search=KnowledgeSearch(embedder=HashEmbedder), calibration=load(), max_error=0.05
    )


@pytest.mark.django_db
def test_what_adds_up_to_the_decision_adds_up(judge: SearchJudge) -> None:
    told = explain(judge, Memory("How do I give something back?"))
    json.dumps(told)  # it is JSON-safe
    best = told["ranking"][0]
    assert best["article"] == "returns"
    assert math.isclose(
        sum(item["adds"] for item in best["evidence"].values()), best["score"], abs_tol=0.01
    )
    weighing = told["weighing"]
    parts = sum(item["adds"] for item in weighing["features"].values())
    assert math.isclose(weighing["intercept"] + parts, weighing["log_odds"], abs_tol=0.01)
    chance = 1 / (1 + math.exp(-weighing["log_odds"]))
    assert math.isclose(chance, weighing["confidence"], abs_tol=0.001)
    assert math.isclose(weighing["confidence"], told["decision"]["confidence"], abs_tol=0.001)
    assert weighing["guarantee"]["wrong_at_most"] == 0.05
    answers = weighing["confidence"] >= (weighing["threshold"] or math.inf)
    assert answers == (told["decision"]["action"] == "answer")


@pytest.mark.django_db
def test_the_quoted_sentences_come_with_the_gates_verdict(judge: SearchJudge) -> None:
    judge.max_error = lambda: 0.999
    told = explain(judge, Memory("How do I give something back?"))
    if told["decision"]["action"] == "answer":
        assert all(row["supported"] for row in told["answer"]["sentences"])
        assert "supported" in as_text(told)


@pytest.mark.django_db
def test_a_turn_without_a_search_is_explained_too(judge: SearchJudge) -> None:
    told = explain(judge, Memory("thank you!"))
    assert told["kind"]["kind"] == "thanks"
    assert "ranking" not in told
    assert "You are welcome" in as_text(told)


@pytest.mark.django_db(transaction=True)
def test_evaluate_explains_the_questions_that_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CONFIG", replace(settings.CONFIG, embedding="hash"))
    articles, questions = tmp_path / "kb.jsonl", tmp_path / "q.jsonl"
    articles.write_text(
        "".join(json.dumps({"id": a.external_id, "title": a.title, "body": a.body}) + "\n"
                for a in ARTICLES)
    )  # fmt: skip
    rows = [("q1", "How long does delivery take?", ["delivery"]), ("q2", "Which card?", ["pay"])]
    questions.write_text(
        "".join(json.dumps({"id": i, "text": t, "gold": g}) + "\n" for i, t, g in rows)
    )
    options = {"articles": articles, "questions": questions, "verbosity": 0}
    out = StringIO()
    call_command("evaluate", **options, explain=["q1"], stdout=out)
    text = out.getvalue()
    assert "How long does delivery take?" in text
    for step in ("Kind", "Searched", "Candidates", "Ranking", "Features", "Threshold", "Decision"):
        assert f"\n{step}" in text
    assert "Which card?" not in text
    out = StringIO()
    call_command("evaluate", **options, explain=["q2"], json=Path("-"), stdout=out)
    (told,) = json.loads(out.getvalue())
    assert (told["id"], told["gold"]) == ("q2", ["pay"])
    with pytest.raises(CommandError, match="No question has the id q9"):
        call_command("evaluate", **options, explain=["q9"], stdout=StringIO())
