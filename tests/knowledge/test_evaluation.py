"""Evaluation: figures that add up, in a store of its own, by the live search and decision."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from conversations.dialogue.calibration import ANY_RUNG, AdditiveModel, load
from conversations.dialogue.guarantee import CurvePoint
from conversations.models import Article, LearntPhrasing
from conversations.services.evaluation import Question, Verdict, curve, report
from conversations.services.evaluation_run import read_questions
from conversations.services.evaluation_splits import violations
from conversations.services.evaluation_store import PREFIX, drop_abandoned, separate_store

KEYS = {
    "questions", "answerable", "recall_at_1", "recall_at_5", "automation", "wrong", "clarified",
    "escalated", "max_error", "decision_ms", "curve",
}  # fmt: skip


def verdict(
    action: str, confidence: float, cited: str, gold: str = "a", *, place: int | None = 0
) -> Verdict:
    question = Question(
        "q", "?", frozenset({gold} if gold else ()), "answer" if gold else "escalate"
    )
    return Verdict(question, action, "", confidence, cited, place, 1.0, courtesy=False)


def schemas() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE %s", [f"{PREFIX}%"])
        return [name for (name,) in cursor.fetchall()]


def test_wrong_counts_answers_without_gold_and_with_another_article() -> None:
    figures = report(
        [
            verdict("answer", 0.9, "a"),
            verdict("answer", 0.8, "b"),
            verdict("answer", 0.7, "a", gold="", place=None),
            verdict("escalate", 0.2, "a"),
        ],
        max_error=0.05,
    )
    assert figures["automation"] == 0.75
    assert figures["wrong"] == round(2 / 3, 4)
    assert figures["escalated"] == 0.25
    assert figures["answerable"] == 0.75
    assert figures["unanswerable_not_answered"] == 0.0


def test_what_a_person_has_to_finish_is_no_automation() -> None:
    half = replace(verdict("answer", 0.9, "a"), in_part=True)
    figures = report([half, verdict("answer", 0.9, "a")], max_error=0.05)
    assert (figures["automation"], figures["escalated"]) == (0.5, 0.5)


def test_the_curve_is_the_best_threshold_in_hindsight() -> None:
    points = {
        point["wrong"]: point["automation"]
        for point in curve(
            [verdict("escalate", 1 - n / 100, "a" if n != 10 else "b") for n in range(40)]
        )
    }
    assert points[0.01] == 0.25  # the ten before the first wrong one
    assert points[0.05] == 1.0  # one wrong among forty


def test_ties_are_taken_together_or_not_at_all() -> None:
    points = curve([verdict("answer", 0.5, "a"), verdict("answer", 0.5, "b")])
    assert {p["automation"] for p in points} == {0.0}


def test_no_questions_give_zeros_not_errors() -> None:
    assert report([], max_error=0.05)["automation"] == 0.0


@pytest.mark.django_db(transaction=True)
def test_the_store_is_apart_and_gone_afterwards() -> None:
    Article.objects.create(external_id="live", slug="live", title="Live", body="x", digest="x")
    with pytest.raises(RuntimeError), separate_store():
        assert Article.objects.count() == 0
        Article.objects.create(external_id="e", slug="e", title="E", body="x", digest="x")
        raise RuntimeError
    assert [article.external_id for article in Article.objects.all()] == ["live"]
    assert schemas() == []


@pytest.mark.django_db(transaction=True)
def test_a_store_left_by_a_killed_evaluation_is_dropped_by_the_next() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {PREFIX}999999_0badcafe")
    assert drop_abandoned() == [f"{PREFIX}999999_0badcafe"]
    assert schemas() == []


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    kb, questions = tmp_path / "kb.jsonl", tmp_path / "questions.jsonl"
    topics = ("returns", "delivery", "invoices", "warranty", "passwords", "vouchers")
    kb.write_text(
        "".join(
            json.dumps({"id": t, "title": f"About {t}", "body": f"All on {t}."}) + "\n"
            for t in topics
        )
    )
    rows: list[dict[str, Any]] = [
        {"id": t, "text": f"tell me about {t}", "gold": [t], "expected": "answer",
         "history": [], "fold": "cal" if n % 2 else "test", "meta": {}}
        for n, t in enumerate(topics)
    ]  # fmt: skip
    rows.append(
        {"id": "none", "text": "who won the cup", "gold": "none", "expected": "escalate",
         "history": [{"role": "user", "text": "hello"}], "fold": "test"}
    )  # fmt: skip
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return kb, questions


@pytest.mark.django_db(transaction=True)
def test_the_command_writes_the_figures_of_the_contract(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    kb, questions = files
    target, verdicts, out = tmp_path / "figures.json", tmp_path / "verdicts.jsonl", StringIO()
    call_command(
        "evaluate", articles=kb, questions=questions, json=target, verdicts=verdicts,
        verbosity=0, stdout=out,
    )  # fmt: skip
    figures = json.loads(target.read_text())
    assert figures.keys() >= KEYS
    assert figures["questions"] == 7
    assert figures["recall_at_1"] == 1.0
    assert figures["decision_ms"].keys() == {"p50", "p95"}
    assert len(verdicts.read_text().splitlines()) == 7
    assert "right article first" in out.getvalue()
    assert not Article.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_fold_that_is_fitted_on_is_left_out_of_the_figures(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    kb, questions = files
    target = tmp_path / "figures.json"
    call_command(
        "evaluate", articles=kb, questions=questions, json=target, fit_fold="cal",
        verbosity=0, stdout=StringIO(),
    )  # fmt: skip
    figures = json.loads(target.read_text())
    assert (figures["questions"], figures["fitted_on"]) == (4, "cal")
    assert figures["fitted_questions"] == 3
    assert figures["learnt"] == 3
    assert not LearntPhrasing.objects.exists()  # the live articles learn nothing


@pytest.mark.django_db(transaction=True)
def test_a_fold_can_move_the_decision_alone_and_teach_no_article(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    kb, questions = files
    target = tmp_path / "figures.json"
    call_command(
        "evaluate", articles=kb, questions=questions, json=target, fit_fold="cal", fit_only=True,
        verbosity=0, stdout=StringIO(),
    )  # fmt: skip
    figures = json.loads(target.read_text())
    assert (figures["learnt"], figures["fitted_questions"]) == (0, 3)


@pytest.mark.django_db(transaction=True)
def test_random_halves_tell_how_often_the_error_is_broken(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    kb, questions = files
    target = tmp_path / "figures.json"
    call_command(
        "evaluate", articles=kb, questions=questions, json=target, splits=5,
        verbosity=0, stdout=StringIO(),
    )  # fmt: skip
    halves = json.loads(target.read_text())["splits"]
    assert (halves["splits"], halves["confidence"]) == (5, 0.8)
    assert 0 <= halves["beyond_noise"] <= halves["violations"] <= 5


def test_random_halves_count_what_broke_the_error() -> None:
    believed = replace(
        load(), top=AdditiveModel(9.0, {}), curves={ANY_RUNG: (CurvePoint(0.5, 1e6, 0.0),)}
    )
    wrong = replace(verdict("answer", 0.9, "b"), signals={"cosine": 0.9})
    broken = violations(believed, [wrong] * 60, max_error=0.05, splits=4)
    assert (broken["violations"], broken["beyond_noise"], broken["wrong"]) == (4, 4, 1.0)


@pytest.mark.parametrize("line", ["{", '{"id": 1}', '{"id":1,"text":"t","gold":[],"expected":"x"}'])
def test_a_bad_question_is_named_by_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(f"\n{line}\n")
    with pytest.raises(CommandError, match=r"q\.jsonl:2"):
        call_command("evaluate", articles=path, questions=path, verbosity=0)


def test_gold_may_be_none_a_name_or_a_list(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    rows = [
        {"id": n, "text": "t", "gold": g} for n, g in enumerate(["none", None, "a", ["a", "b"]])
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [(len(q.gold), q.answerable) for q in read_questions(path)] == [
        (0, False), (0, False), (1, True), (2, True),
    ]  # fmt: skip
