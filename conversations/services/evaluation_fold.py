"""A fold of questions taken for reviewed conversations.

In a live installation a turn is decided first and judged later; the verdict then teaches the right
article the customer's words, and moves the calibration. So a fold is gone through in rounds: each
is decided with what the rounds before it taught, then taught itself. What moves the calibration
was thus never decided by a search that knew its own words (prequential: Dawid, "Statistical
theory: the prequential approach", 1984).
"""

import random
from collections.abc import Callable, Iterable, Sequence

from conversations.models import Article
from conversations.retrieval.embedding import Embedder
from conversations.retrieval.search import KnowledgeSearch
from conversations.services.evaluation import Question, Verdict, fitted, judge_all
from conversations.services.judging import SearchJudge
from conversations.services.knowledge import KnowledgeService
from conversations.services.phrasings import PhrasingService

ROUNDS = 5
_SEED = 20261129  # the order of a file can be that of its articles


def teach(questions: Iterable[Question], embedder: Callable[[], Embedder]) -> int:
    """How many of the questions their first article has learnt, as from verdicts."""
    service = PhrasingService()
    ids = dict(Article.objects.values_list("external_id", "pk"))
    learnt = 0
    for question in questions:
        article_id = next((ids[key] for key in sorted(question.gold) if key in ids), None)
        if question.answerable and article_id is not None:
            learnt += service.learn(
                article_id=article_id, question=question.text, history=bool(question.history)
            )
    KnowledgeService(embedder=embedder).renew()
    return learnt


def review(
    judge: SearchJudge,
    fold: Sequence[Question],
    *,
    max_error: float,
    teaches: Callable[[Sequence[Question]], object] | None,
    fresh: Callable[[], KnowledgeSearch],
    advanced: Callable[[int], object],
) -> SearchJudge:
    """A judge that the fold has moved and, where it `teaches`, whose search knows its questions."""
    verdicts: list[Verdict] = []
    for batch in _rounds(fold) if teaches else [list(fold)]:
        verdicts += judge_all(judge, batch, advanced=advanced)
        if teaches is not None:
            teaches(batch)
            judge = SearchJudge(search=fresh(), calibration=judge.calibration, max_error=max_error)
    moved = fitted(judge.calibration, verdicts)
    return SearchJudge(search=judge.search, calibration=moved, max_error=max_error)


def _rounds(fold: Sequence[Question]) -> list[list[Question]]:
    shuffled = list(fold)
    random.Random(_SEED).shuffle(shuffled)
    return [found for start in range(ROUNDS) if (found := shuffled[start::ROUNDS])]
