"""Fits the shipped decision on the development sets, through the very search that runs.

Honest by construction: a set's questions are only ever scored by a model that has not seen the set,
and the risk curve that thresholds are read from is made of those scores.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from conversations.dialogue.calibration import ANY_RUNG, AdditiveModel, Calibration
from conversations.dialogue.guarantee import DELTA, CurvePoint, threshold_for
from conversations.dialogue.turn_kind import classify
from conversations.retrieval.embedding import Embedder
from conversations.retrieval.readers import ArticleSource
from conversations.retrieval.search import KnowledgeSearch
from conversations.retrieval.types import SearchQuery
from conversations.services.evaluation import Question
from conversations.services.evaluation_run import read_questions
from conversations.services.evaluation_store import separate_store
from conversations.services.fitting import Sample, fit_among, fit_top, weights
from conversations.services.knowledge import KnowledgeService
from conversations.services.knowledge_import import import_articles

CURVE_POINTS = 120
#: Sets whose labels are too noisy to read an error rate from: they shape the model, not the curve.
NOISY = frozenset({"multidogo_turns", "thunderbird_tickets"})


@dataclass(frozen=True)
class SetResult:
    """What one set saw from a model and a threshold made of the other sets alone."""

    name: str
    questions: int
    threshold: float
    automation: float
    wrong: float
    margin: float  # two standard errors of `wrong`
    hindsight: float  # automation at that error with a threshold chosen on the set itself
    unanswerable_answered: float


@dataclass(frozen=True)
class Gathered:
    """A set's samples; `questions` counts those that needed no search as well."""

    name: str
    questions: int
    unanswerable: int
    samples: tuple[Sample, ...]
    recall_at_1: float
    recall_at_5: float


def gather_set(
    folder: Path, *, embedder: Callable[[], Embedder], limit: int, advanced: Callable[[int], object]
) -> Gathered:
    """Import a set beside the live articles and search its questions."""
    questions = chosen(read_questions(folder / "questions.jsonl"), limit)
    with separate_store():
        import_articles(
            service=KnowledgeService(embedder=embedder),
            source=ArticleSource(folder / "kb.jsonl"),
            started=lambda _: None,
            advanced=lambda _: None,
            refused=lambda _: None,
        )
        search = KnowledgeSearch(embedder=embedder)
        search.warm_up()
        samples = []
        for question in questions:
            if classify(question.text, question.history).searches:
                samples.append(_sample(search, folder.name, question))
            advanced(1)
    answerable = [sample for sample in samples if sample.answerable]
    return Gathered(
        name=folder.name,
        questions=len(questions),
        unanswerable=sum(not question.answerable for question in questions),
        samples=tuple(samples),
        recall_at_1=_share(sum(s.right for s in answerable), len(answerable)),
        recall_at_5=_share(
            sum(s.place is not None and s.place < 5 for s in answerable), len(answerable)
        ),
    )


def chosen(questions: Sequence[Question], limit: int) -> list[Question]:
    """At most `limit` questions, the same ones each time, whatever their order."""
    ordered = sorted(questions, key=lambda q: hashlib.sha256(q.id.encode()).hexdigest())
    return ordered[:limit] if limit else list(questions)


def _sample(search: KnowledgeSearch, name: str, question: Question) -> Sample:
    result = search.search(SearchQuery(question.text, question.history))
    ranked = [article.external_id for article in result.articles]
    place = next((n for n, key in enumerate(ranked) if key in question.gold), None)
    return Sample(name, question.id, result.signals, place, question.answerable)


def leave_one_out(sets: Sequence[Gathered]) -> dict[str, list[float]]:
    """Each set's probabilities from the model of the other sets."""
    found = {}
    for left in sets:
        others = [s for other in sets if other.name != left.name for s in other.samples]
        found[left.name] = probabilities(fit_top(others), left.samples)
    return found


def probabilities(model: AdditiveModel, samples: Sequence[Sample]) -> list[float]:
    return [model.probability(sample.features) for sample in samples]


def pooled_curve(
    sets: Sequence[Gathered], scores: dict[str, list[float]]
) -> tuple[CurvePoint, ...]:
    """The risk curve over sets that weigh alike, from scores of models that had not seen them."""
    rows = [
        (score, weight, sample.right)
        for one in sets
        if one.name not in NOISY
        for score, weight, sample in zip(
            scores[one.name], weights(one.samples), one.samples, strict=True
        )
    ]
    rows.sort(key=lambda row: -row[0])
    step = max(1, len(rows) // CURVE_POINTS)
    points, answered, wrong = [], 0.0, 0.0
    for position, (score, weight, right) in enumerate(rows, start=1):
        answered += weight
        wrong += 0.0 if right else weight
        if position % step == 0 or position == len(rows):
            points.append(CurvePoint(round(score, 5), round(answered, 1), round(wrong, 1)))
    return tuple(points)


def transfer_table(
    sets: Sequence[Gathered], scores: dict[str, list[float]], max_error: float, delta: float = DELTA
) -> Iterator[SetResult]:
    """How the shipped procedure fares on each set when it is left out of everything."""
    for left in sets:
        others = [one for one in sets if one.name != left.name]
        inner = leave_one_out(others)
        threshold = threshold_for(pooled_curve(others, inner), max_error, delta)
        pairs = sorted(zip(scores[left.name], left.samples, strict=True), key=lambda p: -p[0])
        answered = [sample for score, sample in pairs if score >= threshold]
        wrong = _share(sum(not s.right for s in answered), len(answered))
        yield SetResult(
            name=left.name,
            questions=left.questions,
            threshold=threshold,
            automation=_share(len(answered), left.questions),
            wrong=wrong,
            margin=2 * math.sqrt(wrong * (1 - wrong) / len(answered)) if answered else 0.0,
            hindsight=_hindsight([s.right for _, s in pairs], max_error) / left.questions,
            unanswerable_answered=_share(
                sum(not s.answerable for s in answered), left.unanswerable
            ),
        )


def _hindsight(right: Sequence[bool], max_error: float) -> int:
    """Most questions that may be answered, in this order, within the error."""
    best = wrong = 0
    for position, is_right in enumerate(right, start=1):
        wrong += not is_right
        best = position if wrong <= max_error * position else best
    return best


def shipped(
    sets: Sequence[Gathered], scores: dict[str, list[float]], *, data_digest: str
) -> Calibration:
    """The calibration to write: models of all sets, thresholds from the left-out scores."""
    samples = [sample for one in sets for sample in one.samples]
    return Calibration(
        top=fit_top(samples),
        among=fit_among(samples),
        curves={ANY_RUNG: pooled_curve(sets, scores)},
        data_digest=data_digest,
        origin="development sets",
        notes={
            "sets": {one.name: len(one.samples) for one in sets},
            "curve_without": sorted(NOISY & {one.name for one in sets}),
        },
    )


def digest_of_sets(folders: Sequence[Path]) -> str:
    """SHA-256 over the articles and questions, in the order of their names."""
    digest = hashlib.sha256()
    for folder in sorted(folders, key=lambda path: path.name):
        for name in ("kb.jsonl", "questions.jsonl"):
            digest.update(f"{folder.name}/{name}\n".encode())
            digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
