"""One evaluation from files to figures, in a store of its own."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from conversations.dialogue.calibration import load_or_conservative
from conversations.dialogue.memory import Memory
from conversations.inference.backend import GenerationBackend
from conversations.inference.extractive import Similarity
from conversations.models import LearntPhrasing
from conversations.retrieval.drafts import RowError
from conversations.retrieval.embedding import Embedder
from conversations.retrieval.readers import ArticleSource, UnreadableSource
from conversations.retrieval.search import KnowledgeSearch
from conversations.retrieval.types import HistoryTurn
from conversations.services.drafting import Drafting
from conversations.services.evaluation import (
    Question,
    Verdict,
    judge_all,
    report,
    said_before,
)
from conversations.services.evaluation_baselines import compare
from conversations.services.evaluation_fold import review, teach
from conversations.services.evaluation_splits import violations
from conversations.services.evaluation_store import separate_store
from conversations.services.evaluation_text import write_all
from conversations.services.explanation import explain
from conversations.services.judging import SearchJudge
from conversations.services.knowledge import KnowledgeService
from conversations.services.knowledge_import import import_articles

EXPECTED = frozenset({"answer", "clarify", "escalate"})


@dataclass(frozen=True)
class Watcher:
    """Who is told of the progress: a phase with its total, then each step; and bad rows."""

    phase: Callable[[str, int], object]
    step: Callable[[int], object]
    refused: Callable[[RowError], object]


@dataclass(frozen=True)
class Writing:
    """How the words are measured: at most `sample` answers, in file order."""

    drafting: Drafting
    backend: GenerationBackend | None
    sample: int


@dataclass(frozen=True)
class Evaluation:
    figures: dict[str, Any]
    verdicts: tuple[Verdict, ...]
    explained: tuple[dict[str, Any], ...] = ()


def evaluate(
    *,
    articles: Path,
    questions: Sequence[Question],
    embedder: Callable[[], Embedder],
    article_embedder: Callable[[], Embedder],
    max_error: float,
    watcher: Watcher,
    fit_fold: str = "",
    fit_teaches: bool = True,
    learn_fold: str = "",
    writing: Writing | None = None,
    explained: Collection[str] = (),
    similarity: Similarity | None = None,
    splits: int = 0,
    baselines: bool = False,
) -> Evaluation:
    """Import the articles beside the live ones, judge every question, and sum up.

    With `writing` the words of the answers are measured too, on the questions that have a
    reference answer. With `fit_fold` that fold is taken for reviewed conversations: they move the
    calibration and, with `fit_teaches`, teach their articles (evaluation_fold), and the other
    folds are reported. With `learn_fold` the questions of that fold are taught to their articles
    and left out. With `splits` the calibration is refitted on so many random
    halves and tried on the others (evaluation_splits); with `baselines` plain rankings stand beside
    the portal's (evaluation_baselines). With `explained` only the questions of
    these ids are judged, and everything that their decisions were made of is told.
    """
    source = ArticleSource(articles)
    with separate_store():
        imported = import_articles(
            service=KnowledgeService(embedder=article_embedder),
            source=source,
            started=lambda total: watcher.phase("articles", total),
            advanced=watcher.step,
            refused=watcher.refused,
        )
        lessons = [q for q in questions if learn_fold and q.fold == learn_fold]
        if lessons:
            teach(lessons, article_embedder)
        questions = [q for q in questions if not learn_fold or q.fold != learn_fold]
        search = _search(embedder)
        calibration, problem = load_or_conservative()
        judge = SearchJudge(search=search, calibration=calibration, max_error=max_error)
        asked = [q for q in questions if not explained or q.id in explained]
        if fit_fold:
            fold = [question for question in asked if question.fold == fit_fold]
            asked = [question for question in asked if question.fold != fit_fold]
            watcher.phase(f"questions of fold {fit_fold}", len(fold))
            judge = review(
                judge, fold, max_error=max_error, advanced=watcher.step,
                teaches=partial(teach, embedder=article_embedder) if fit_teaches else None,
                fresh=partial(_search, embedder),
            )  # fmt: skip
        watcher.phase("questions", len(asked))
        verdicts = tuple(judge_all(judge, asked, advanced=watcher.step))
        told = tuple(_explained(judge, q, similarity) for q in asked if q.id in explained)
        texts = _written(writing, asked, watcher)
        taught = LearntPhrasing.objects.count()
        plain = _plain(asked, article_embedder(), watcher) if baselines else {}
    tried = partial(violations, judge.calibration, max_error=max_error, splits=splits)
    figures = {
        **report(verdicts, max_error=max_error),
        "articles": imported.stored,
        "refused": len(imported.errors),
        "calibration": problem or judge.calibration.origin,
        "learnt_from": learn_fold,
        "learnt": taught,
        "fitted_on": fit_fold,
        "fitted_questions": judge.calibration.notes.get("reviewed", 0) if fit_fold else 0,
        "embedding": embedder().name,
        **({"text": texts} if texts else {}),
        **({"splits": tried(verdicts)} if splits else {}),
        **({"baselines": plain} if plain else {}),
    }
    return Evaluation(figures, verdicts, told)


def _search(embedder: Callable[[], Embedder]) -> KnowledgeSearch:
    """A search over the knowledge as it stands."""
    search = KnowledgeSearch(embedder=embedder)
    search.warm_up()
    return search


def _explained(
    judge: SearchJudge, question: Question, similarity: Similarity | None
) -> dict[str, Any]:
    told = explain(judge, Memory(question.text, said_before(question)), similarity=similarity)
    return {"id": question.id, "gold": sorted(question.gold), "expected": question.expected, **told}


def _plain(
    asked: Sequence[Question], embedder: Embedder, watcher: Watcher
) -> dict[str, dict[str, float]]:
    watcher.phase("plain rankings", sum(question.answerable for question in asked))
    return compare(asked, embedder=embedder, advanced=watcher.step)


def _written(
    writing: Writing | None, asked: Sequence[Question], watcher: Watcher
) -> dict[str, dict[str, Any]]:
    if writing is None:
        return {}
    sample = [question for question in asked if question.meta.get("reference_answer")]
    sample = sample[: writing.sample]
    watcher.phase("answers", len(sample))
    return write_all(
        sample, drafting=writing.drafting, backend=writing.backend, advanced=watcher.step
    )


def read_questions(path: Path) -> list[Question]:
    """Questions in the evaluation format. Raises UnreadableSource, which names the line."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as exc:
        raise UnreadableSource(f"{path} cannot be read ({exc.strerror}).") from None
    found = list(_questions(path.name, lines))
    if not found:
        raise UnreadableSource(f"{path} holds no questions.")
    return found


def _questions(name: str, lines: Iterable[bytes]) -> Iterable[Question]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield _question(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as exc:
                raise UnreadableSource(
                    f"{name}:{number}: not a question ({exc!r}); write one JSON object a line: "
                    '{"id", "text", "gold": ["article id"] or "none", "expected", "history"}.'
                ) from None


def _question(row: dict[str, Any]) -> Question:
    gold = [] if row["gold"] in ("none", None) else row["gold"]
    if isinstance(gold, str):
        gold = [gold]
    expected = row.get("expected") or ("answer" if gold else "escalate")
    if expected not in EXPECTED:
        raise ValueError(f"expected is {expected!r}")
    return Question(
        id=str(row["id"]),
        text=str(row["text"]),
        gold=frozenset(map(str, gold)),
        expected=expected,
        history=tuple(HistoryTurn(h["role"], h["text"]) for h in row.get("history") or ()),
        fold=row.get("fold") or "test",
        meta=row.get("meta") or {},
    )
