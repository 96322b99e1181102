"""Evaluation: the shipped search and decision over a set of questions with known answers.

What is measured is what runs: the judge of a live turn, one question at a time. Nothing is fitted
unless a fold is named for it, and then that fold is left out of the figures.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

from conversations.dialogue.calibration import Calibration
from conversations.dialogue.memory import Memory, Utterance
from conversations.retrieval.search import KnowledgeSearch
from conversations.retrieval.types import HistoryTurn, SearchQuery
from conversations.services.adapting import adapt
from conversations.services.judgement import Judgement, LastTurn
from conversations.services.judging import SearchJudge
from conversations.services.review_samples import Example

CURVE_ERRORS = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3)


@dataclass(frozen=True)
class Question:
    """One row of questions.jsonl. `gold` is empty where no article answers it."""

    id: str
    text: str
    gold: frozenset[str]
    expected: str
    history: tuple[HistoryTurn, ...] = ()
    fold: str = "test"
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def answerable(self) -> bool:
        return bool(self.gold) and self.expected == "answer"


@dataclass(frozen=True)
class Verdict:
    """What was done with one question. `place`: where the first gold article ranked, from 0;
    `offered`: the articles that it asked back about; `in_part`: a person is asked for the rest."""

    question: Question
    action: str
    reason: str
    confidence: float | None
    cited: str
    place: int | None
    milliseconds: float
    courtesy: bool
    offered: tuple[str, ...] = ()
    in_part: bool = False
    trace: dict[str, Any] = field(default_factory=dict, repr=False)
    signals: dict[str, float] = field(default_factory=dict, repr=False)

    @property
    def answered(self) -> bool:
        """An article was given as the answer, and no person is needed for the rest. A greeting
        returned is neither right nor wrong."""
        return self.action == "answer" and not self.courtesy and not self.in_part

    @property
    def handed_over(self) -> bool:
        return self.action == "escalate" or self.in_part

    @property
    def wrong(self) -> bool:
        return self.answered and not self.would_be_right

    @property
    def offers_right(self) -> bool:
        """It asked back, and one click on what it offered gives a gold article."""
        return not self.question.gold.isdisjoint(self.offered)

    @property
    def would_be_right(self) -> bool:
        """The article on top is a gold one, whether or not it was given."""
        return self.cited in self.question.gold


def judge_all(
    judge: SearchJudge, questions: Sequence[Question], *, advanced: Callable[[int], object]
) -> Iterator[Verdict]:
    for question in questions:
        yield _judge(judge, question)
        advanced(1)


def said_before(question: Question) -> tuple[Utterance, ...]:
    return tuple(
        Utterance("user" if turn.role == "user" else "agent", turn.text)
        for turn in question.history
    )


def _judge(judge: SearchJudge, question: Question) -> Verdict:
    said = said_before(question)
    began = perf_counter()
    judgement = judge.judge(Memory(question.text, said), last=LastTurn())
    milliseconds = (perf_counter() - began) * 1000
    ranked = _ranked(judge.search, question, judgement)
    place = next((n for n, key in enumerate(ranked) if key in question.gold), None)
    top = [hit.external_id for hit in judgement.articles] or ranked
    return Verdict(
        question=question,
        action=judgement.action,
        reason=judgement.reason,
        confidence=judgement.confidence,
        cited=top[0] if top else "",
        place=place,
        milliseconds=milliseconds,
        courtesy=judgement.action == "answer" and not judgement.articles,
        offered=_offered(judgement),
        in_part=judgement.action == "answer" and bool(judgement.hand_over),
        trace=judgement.trace,
        signals=_signals(judgement),
    )


def _signals(judgement: Judgement) -> dict[str, float]:
    """Of one search; several questions in one were decided each by its own."""
    if judgement.result is None or judgement.reason == "several":
        return {}
    return judgement.result.signals


def _offered(judgement: Judgement) -> tuple[str, ...]:
    wanted = {choice["article"] for choice in judgement.choices}
    hits = judgement.result.articles if judgement.result else ()
    return tuple(hit.external_id for hit in hits if hit.article_id in wanted)


def _ranked(search: KnowledgeSearch, question: Question, judgement: Judgement) -> list[str]:
    """The ranking of the whole question, also where the judge did without or asked in parts."""
    result = judgement.result
    if result is None or judgement.reason == "several":
        result = search.search(SearchQuery(question.text, question.history))
    return [hit.external_id for hit in result.articles]


def fitted(calibration: Calibration, verdicts: Sequence[Verdict]) -> Calibration:
    """The calibration as it were if reviewers had judged these: the shipped one, moved by them."""
    examples = [
        Example(
            turn_id=verdict.question.id,
            signals=verdict.signals,
            place=0 if verdict.would_be_right else verdict.place or None,
            answerable=bool(verdict.question.gold),
            weight=1.0,
        )
        for verdict in verdicts
        if verdict.signals and verdict.confidence is not None
    ]
    moved = adapt(calibration, examples, data_digest=calibration.data_digest)
    return replace(moved, origin="shipped, moved by a fold")


def report(verdicts: Sequence[Verdict], *, max_error: float) -> dict[str, Any]:
    """The figures of the contract, each a share of all questions unless it says otherwise."""
    count = len(verdicts)
    answerable = [v for v in verdicts if v.question.answerable]
    answered = [v for v in verdicts if v.answered]
    none = [v for v in verdicts if not v.question.answerable]
    times = sorted(v.milliseconds for v in verdicts)
    return {
        "questions": count,
        "answerable": _share(len(answerable), count),
        "recall_at_1": _share(sum(v.place == 0 for v in answerable), len(answerable)),
        "recall_at_5": _share(sum(_within(v, 5) for v in answerable), len(answerable)),
        "automation": _share(len(answered), count),
        "wrong": _share(sum(v.wrong for v in answered), len(answered)),
        "clarified": _share(sum(v.action == "clarify" for v in verdicts), count),
        "clarified_helpful": _share(
            sum(v.offers_right for v in verdicts), sum(v.action == "clarify" for v in verdicts)
        ),
        "automation_with_choice": _share(
            sum(v.answered or v.offers_right for v in verdicts), count
        ),
        "escalated": _share(sum(v.handed_over for v in verdicts), count),
        "courtesies": _share(sum(v.courtesy for v in verdicts), count),
        "unanswerable_not_answered": _share(sum(not v.answered for v in none), len(none)),
        "max_error": max_error,
        "decision_ms": {"p50": _percentile(times, 0.5), "p95": _percentile(times, 0.95)},
        "curve": curve(verdicts),
    }


def curve(verdicts: Sequence[Verdict]) -> list[dict[str, float]]:
    """Automation at each wrong rate, in hindsight: thresholds chosen on these very questions."""
    weighed = sorted(
        ((v.confidence, v.would_be_right) for v in verdicts if v.confidence is not None),
        key=lambda pair: -pair[0],
    )
    best = dict.fromkeys(CURVE_ERRORS, 0)
    wrong = 0
    for position, (confidence, right) in enumerate(weighed, start=1):
        wrong += not right
        if position < len(weighed) and weighed[position][0] == confidence:
            continue  # a threshold takes all of a tie or none
        for error in CURVE_ERRORS:
            if wrong <= error * position:
                best[error] = position
    return [
        {"wrong": error, "automation": _share(best[error], len(verdicts))} for error in CURVE_ERRORS
    ]


def _within(verdict: Verdict, places: int) -> bool:
    return verdict.place is not None and verdict.place < places


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _percentile(ordered: Sequence[float], share: float) -> float:
    if not ordered:
        return 0.0
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)
