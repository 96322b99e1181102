"""Answer, ask back or hand over: decided in microseconds, before a token is generated.

Pure and deterministic. The language model has no say in it.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from conversations.dialogue.calibration import ANY_RUNG, Calibration
from conversations.dialogue.features import features_of
from conversations.retrieval.types import ArticleHit, SearchQuery, SearchResult

Action = Literal["answer", "clarify", "escalate"]

MAX_CHOICES = 3
CHOICE_SHARE = 0.2  # of the best article's likelihood; below it an article does not compete
#: The same for what is offered when asking back: the right article is among the best three far
#: more often than it is the best (docs/answering.md), so the second and third are worth a button.
OFFER_SHARE = 0.02
HOPELESS = 0.25  # chance of any of the best three; below it no article is near


@dataclass(frozen=True)
class Choice:
    """One of the articles that compete, as a button."""

    article_id: int
    title: str


@dataclass(frozen=True)
class Decision:
    """`confidence` is the calibrated chance that the best article answers; None where none was
    weighed. `article_ids` are the articles to write from, best first. `trace` is JSON-safe."""

    action: Action
    reason: str
    confidence: float | None = None
    article_ids: tuple[int, ...] = ()
    choices: tuple[Choice, ...] = ()
    trace: dict[str, Any] = field(default_factory=dict)


def decide(
    result: SearchResult,
    query: SearchQuery,
    calibration: Calibration,
    *,
    max_error: float,
    last_action: str = "",
    rung: str = ANY_RUNG,
) -> Decision:
    """Decide on the articles that a search found.

    Below the threshold the customer is asked which article is meant, where one of the best three
    probably answers: a click then gives the answer that a guess could have got wrong. Never twice
    in a row. Reasons: confident | several_articles | one_article | no_article | not_sure |
    clarify_failed.
    """
    if not result.articles:
        return Decision("escalate", "no_article", 0.0, trace={"articles": 0})
    features = features_of(result.signals)
    confidence = calibration.top.probability(features)
    among = calibration.among.probability(features)
    threshold = calibration.threshold(max_error, rung)
    trace = {
        "confidence": round(confidence, 4),
        "among": round(among, 4),
        "threshold": round(threshold, 4) if threshold <= 1 else None,
        "max_error": max_error,
        "rung": rung if rung in calibration.curves else ANY_RUNG,
        "calibration": calibration.origin,
        "signals": {name: round(value, 4) for name, value in result.signals.items()},
        "parts": {n: round(v, 3) for n, v in calibration.top.parts(features).items() if v},
    }
    if confidence >= threshold:
        return Decision("answer", "confident", confidence, _ids(result, CHOICE_SHARE), (), trace)
    if last_action != "clarify" and among >= calibration.clarify_floor:
        offered = _competing(result, limit=MAX_CHOICES, share=OFFER_SHARE)
        choices = tuple(Choice(article.article_id, article.title) for article in offered)
        reason = "several_articles" if len(choices) > 1 else "one_article"
        ids = _ids(result, OFFER_SHARE)
        return Decision("clarify", reason, confidence, ids, choices, trace)
    return Decision("escalate", _reason(among, last_action), confidence, trace=trace)


def _ids(result: SearchResult, share: float) -> tuple[int, ...]:
    competing = _competing(result, limit=MAX_CHOICES, share=share)
    return tuple(article.article_id for article in competing)


def _competing(result: SearchResult, *, limit: int, share: float) -> tuple[ArticleHit, ...]:
    """The best article and those nearly as likely; scores are on the log-odds scale."""
    best = result.articles[0].score
    return tuple(
        a for a in result.articles[:limit] if math.exp(max(-30.0, a.score - best)) >= share
    )


def _reason(among: float, last_action: str) -> str:
    if last_action == "clarify":
        return "clarify_failed"
    return "no_article" if among < HOPELESS else "not_sure"
