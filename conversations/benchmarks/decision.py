"""How long a decision takes over a knowledge base of a given size, and where its time goes."""

import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from django.db import connection

from conversations.benchmarks.decision_rows import fill
from conversations.dialogue.calibration import load_or_conservative
from conversations.dialogue.memory import Memory
from conversations.models import Article
from conversations.retrieval.embedding import Embedder, Vectors, read
from conversations.retrieval.readers import ArticleSource
from conversations.retrieval.search import KnowledgeSearch
from conversations.retrieval.tokens import Tokens
from conversations.services.evaluation import Question, said_before
from conversations.services.evaluation_store import separate_store
from conversations.services.judgement import LastTurn
from conversations.services.judging import SearchJudge
from conversations.services.knowledge import KnowledgeService
from conversations.services.knowledge_import import import_articles
from portal import heap

WARMING = 20  # questions that come before the first that counts
#: `processor` is what this process worked, the database's work not included: other jobs on the
#: machine change it less than the times of the clock.
PARTS = ("total", "embedding", "database", "rest", "processor")


class Clock:
    """Milliseconds that the parts of one decision took."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def start(self) -> None:
        self.spent = dict.fromkeys(PARTS, 0.0)

    def query(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        """Django's execute_wrapper: every statement's time."""
        return self.timed("database", execute, *arguments)

    def timed(self, part: str, call: Callable[..., Any], *arguments: Any) -> Any:
        began = perf_counter()
        try:
            return call(*arguments)
        finally:
            self.spent[part] = self.spent.get(part, 0.0) + (perf_counter() - began) * 1000


class TimedEmbedder:
    """The embedder, with the time that it takes."""

    def __init__(self, embedder: Embedder, clock: Clock) -> None:
        self.name = embedder.name
        self._embedder, self._clock = embedder, clock

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self.read(texts)[0]

    def read(self, texts: Sequence[str]) -> tuple[Vectors, list[Tokens | None]]:
        found: tuple[Vectors, list[Tokens | None]]
        found = self._clock.timed("embedding", read, self._embedder, texts)
        return found


@dataclass(frozen=True)
class Measured:
    """Milliseconds by part, as p50, p95 and worst; what stood behind them."""

    questions: int
    articles: int
    passages: int
    fill_s: float
    count_s: float  # to count the words and the geometry anew
    memory_mb: float  # most that this process held
    milliseconds: dict[str, dict[str, float]]


def measure(
    *,
    articles: Path,
    questions: Sequence[Question],
    passages: int,
    embedder: Callable[[], Embedder],
    article_embedder: Callable[[], Embedder],
    advanced: Callable[[int], object] = lambda count: None,
) -> Measured:
    """Import the articles beside the live ones, add made-up ones up to `passages`, and decide."""
    clock = Clock()
    with separate_store():
        began = perf_counter()
        import_articles(
            service=KnowledgeService(embedder=article_embedder), source=ArticleSource(articles)
        )
        count = fill(passages, advanced=advanced)
        filled = perf_counter()
        timed = TimedEmbedder(embedder(), clock)
        search = KnowledgeSearch(embedder=lambda: timed)
        search.corpus.refresh()
        counted = perf_counter()
        search.warm_up()
        heap.settle()  # as a worker does
        judge = SearchJudge(search=search, calibration=load_or_conservative()[0], max_error=0.05)
        with connection.execute_wrapper(clock.query):
            rows = [_decide(judge, question, clock) for question in questions]
        rows = rows[WARMING:] or rows
        known = Article.objects.count()
    return Measured(
        questions=len(rows),
        articles=known,
        passages=count,
        fill_s=round(filled - began, 1),
        count_s=round(counted - filled, 1),
        memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        milliseconds={part: _spread([row[part] for row in rows]) for part in PARTS},
    )


def _decide(judge: SearchJudge, question: Question, clock: Clock) -> dict[str, float]:
    memory = Memory(question.text, said_before(question))
    clock.start()
    began, worked = perf_counter(), process_time()
    judge.judge(memory, last=LastTurn())
    spent = dict(clock.spent)
    spent["total"] = (perf_counter() - began) * 1000
    spent["processor"] = (process_time() - worked) * 1000
    spent["rest"] = spent["total"] - spent["embedding"] - spent["database"]
    return spent


def _spread(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    at = {"p50": 0.5, "p95": 0.95, "worst": 1.0}
    return {
        name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
        for name, share in at.items()
    }
