"""Everything that a decision was made of, for one question: JSON-safe, in the order it was made.

It runs the very steps of a live turn and writes down what each of them saw.
"""

import math
from collections.abc import Sequence
from typing import Any

from conversations.dialogue import grounding
from conversations.dialogue.features import features_of
from conversations.dialogue.grounding import split_sentences
from conversations.dialogue.memory import Memory
from conversations.dialogue.turn_kind import Kind, classify
from conversations.inference.extractive import Similarity, compose
from conversations.retrieval import evidence, ranking
from conversations.retrieval.embedding import EmbeddingUnavailable
from conversations.retrieval.search import Findings
from conversations.retrieval.types import ArticleHit, HistoryTurn, SearchQuery
from conversations.services.courtesies import before
from conversations.services.judgement import Judgement, LastTurn
from conversations.services.judging import SearchJudge
from conversations.services.sources import SourceSet, gather

ARTICLES = 5  # whose evidence is listed
CANDIDATES = 10
RULES = {
    "confident": "the chance of the best article reaches the threshold",
    "several_articles": "below the threshold, but one of the best few probably answers: ask which",
    "one_article": "below the threshold, but the best article probably answers: ask if it is meant",
    "not_sure": "below the threshold, and too unsure to ask which article is meant",
    "no_article": "no article is near the question",
    "clarify_failed": "it was asked back just before, and never twice in a row",
    "several": "several questions: those that can be answered are, the rest is handed over",
    "language": "no article is written in the customer's language",
    "chosen": "the customer picked one of the offered articles",
}


def explain(
    judge: SearchJudge,
    memory: Memory,
    *,
    last: LastTurn | None = None,
    similarity: Similarity | None = None,
) -> dict[str, Any]:
    """Kind, query, candidates, evidence, features, threshold, rule and sentences of one turn."""
    history = tuple(HistoryTurn(said.role, said.text) for said in memory.history)
    kind = classify(memory.question, history)
    judgement = judge.judge(memory, last=last or LastTurn())
    told: dict[str, Any] = {
        "question": memory.question,
        "history": [{"role": said.role, "text": said.text} for said in memory.history],
        "kind": {
            "kind": kind.kind.value,
            "searches": kind.searches,
            "answers_question": kind.answers_question,
            "parts": list(kind.parts),
        },
        "decision": _decision(judgement),
    }
    if judgement.result is not None:
        text = judgement.question or memory.question
        if kind.kind is Kind.DETAIL and not judgement.question:
            text = f"{before(memory)} {text}"
        told |= _searched(judge, SearchQuery(text, history))
    if judgement.action == "answer" and judgement.articles:
        told["answer"] = _answer(memory.question, gather(judgement.articles), similarity)
    return told


def _decision(judgement: Judgement) -> dict[str, Any]:
    return {
        "action": judgement.action,
        "reason": judgement.reason,
        "rule": RULES.get(judgement.reason, "a turn of this kind needs no search"),
        "confidence": judgement.confidence,
        "reply": judgement.reply,
        "hand_over": str(judgement.hand_over),
        "choices": [choice["label"] for choice in judgement.choices],
        "articles": [_named(hit) for hit in judgement.articles],
    }


def _named(hit: ArticleHit) -> dict[str, Any]:
    return {"id": hit.external_id, "revision": hit.revision, "title": hit.title}


def _searched(judge: SearchJudge, query: SearchQuery) -> dict[str, Any]:
    found = judge.search.find(query)
    result = judge.search.ranked(query, found)
    return {
        "query": {
            "texts": list(found.resolved.texts),
            "subjects": [
                {"name": item.name, "weight": _round(item.weight)}
                for item in found.resolved.mentions
            ],
            "words": [
                {"lexeme": word.lexeme, "articles": word.articles, "typed": word.corrected_from}
                for word in found.words
                if word.text == 0
            ],
            "mended": {item.typed: item.meant for item in found.resolved.corrections},
            "by_meaning": found.vectors is not None,
        },
        "candidates": {
            "passages": len(found.candidates),
            "nearest": [
                {
                    "article": hit.external_id,
                    "kind": hit.kind,
                    "cosine": _round(hit.vector_score),
                    "words": _round(hit.text_score),
                    "text": " ".join(hit.text.split())[:120],
                }
                for hit in sorted(found.candidates, key=lambda hit: -(hit.vector_score or 0.0))
            ][:CANDIDATES],
        },
        "ranking": _ranking(judge, query, found),
        "weighing": _weighing(judge, result.signals),
    }


def _ranking(judge: SearchJudge, query: SearchQuery, found: Findings) -> list[dict[str, Any]]:
    weighed = judge.search.weighed(query, found)
    near = judge.search.nearness(weighed, found)
    scored = ranking.with_tokens(weighed.items, {n: v for n, v in near.items() if v})[:ARTICLES]
    return [
        {
            "article": item.passages[0].external_id,
            "title": item.passages[0].title,
            "score": _round(ranking.score(item)),
            "evidence": {
                name: {
                    "value": _round(value),
                    "weight": ranking.WEIGHTS[name],
                    "adds": _round(value * ranking.WEIGHTS[name]),
                }
                for name, value in zip(evidence.EVIDENCE, item.values, strict=True)
            },
        }
        for item in scored
    ]


def _weighing(judge: SearchJudge, signals: dict[str, float]) -> dict[str, Any]:
    """Features with what each adds to the log-odds, and the threshold with its guarantee."""
    calibration, features = judge.calibration, features_of(signals)
    parts = calibration.top.parts(features)
    max_error = judge.max_error()
    threshold = calibration.threshold(max_error)
    return {
        "features": {
            name: {"value": _round(features[name]), "adds": _round(parts.get(name, 0.0))}
            for name in sorted(features, key=lambda name: -abs(parts.get(name, 0.0)))
        },
        "intercept": _round(calibration.top.intercept),
        "log_odds": _round(calibration.top.intercept + sum(parts.values())),
        "confidence": _round(calibration.top.probability(features)),
        "among_best_three": _round(calibration.among.probability(features)),
        "asks_back_from": calibration.clarify_floor,
        "threshold": _round(threshold) if math.isfinite(threshold) else None,
        "guarantee": {
            "wrong_at_most": max_error,
            "with_confidence": _round(1 - calibration.delta),
            "calibration": calibration.origin,
        },
    }


def _answer(question: str, sources: SourceSet, similarity: Similarity | None) -> dict[str, Any]:
    """The sentences that would be quoted, with their nearness and the gate's verdicts."""
    try:
        answer = compose(question=question, sources=sources.sources, similarity=similarity)
    except EmbeddingUnavailable:
        similarity = None
        answer = compose(question=question, sources=sources.sources)
    passages = [
        grounding.evidence(item.number, f"{item.title}. {item.text}") for item in sources.sources
    ]
    rows = [
        {"source": extract.source, "text": sentence.strip()}
        for extract in answer.extracts
        for sentence in split_sentences(extract.text)
        if sentence.strip()
    ]
    cosines = _cosines(question, [str(row["text"]) for row in rows], similarity)
    for row, cosine in zip(rows, cosines, strict=True):
        verdict = grounding.check(str(row["text"]), passages)
        row |= {
            "cosine": cosine,
            "supported": verdict.supported,
            "because": verdict.reason or "its passage says so",
        }
    return {"sentences": rows, "cites": [item.title for item in sources.cited]}


def _cosines(
    question: str, texts: Sequence[str], similarity: Similarity | None
) -> list[float | None]:
    if similarity is None or not texts:
        return [None] * len(texts)
    return [_round(value) for value in similarity(question, texts)]


def _round(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)
