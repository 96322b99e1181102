"""The insights' operations: each reads, none writes."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api import reference
from conversations.api.base import ApiView, checked, read_query
from conversations.api.caching import unless_known
from conversations.models import Scope
from insights import links, queries
from insights.api.shapes import (
    AnswerShape,
    CatalogueShape,
    FigureQuery,
    FigureShape,
    QuestionInput,
)
from insights.ask import vocabulary
from insights.ask.answer import Answer, answer
from insights.ask.reading import AskBack, Refused
from insights.ask.refusals import reason
from insights.ask.rules import read
from insights.figures.figure import portal_zone
from insights.figures.periods import local_date
from insights.figures.plan import from_json, to_json
from insights.measures import MEASURES, Measure, allowed


class MeasuresView(ApiView):
    scopes = {"GET": Scope.INSIGHTS_READ}

    @extend_schema(**reference.read("insights", CatalogueShape))
    def get(self, request: Request) -> Response:
        """The catalogue: every figure, what it means and what it can be split by."""
        found = {
            "read_until": queries.read_until(),
            "measures": [_measure(item) for item in MEASURES.values()],
        }
        return unless_known(request, CatalogueShape(found).data)


class FiguresView(ApiView):
    scopes = {"GET": Scope.INSIGHTS_READ}

    @extend_schema(**reference.figure("insights", FigureShape, FigureQuery))
    def get(self, request: Request) -> Response:
        """A figure over a period, with filters, in groups, against another period."""
        query = read_query(request, FigureQuery)
        plan = links.plan_from({key: str(value) for key, value in query.items()})
        return Response(FigureShape(_figure(answer(plan))).data)


class QuestionsView(ApiView):
    scopes = {"POST": Scope.INSIGHTS_READ}

    @extend_schema(
        **reference.ask(
            "insights",
            QuestionInput,
            AnswerShape,
            example={"question": "escalation rate by topic last week"},
        )
    )
    def post(self, request: Request) -> Response:
        """Ask in plain words. What is not understood is refused, never guessed."""
        given = checked(QuestionInput, request.data)
        previous = from_json(given["previous"]) if given.get("previous") else None
        today = local_date(timezone.now(), portal_zone())
        found = read(
            given["question"], vocabulary=vocabulary.current(), today=today, previous=previous
        )
        return Response(AnswerShape(_answer(found)).data)


def _answer(found: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"figure": None, "choices": [], "mended": {}, "unread": []}
    if isinstance(found, Refused):
        return {**empty, "outcome": "refused", "text": reason(found)}
    if isinstance(found, AskBack):
        choices = [to_json(plan) for plan in found.choices]
        return {**empty, "outcome": "ask_back", "text": found.words, "choices": choices}
    answered = answer(found.plan)
    return {
        **empty,
        "outcome": "answered",
        "text": answered.sentence,
        "figure": _figure(answered),
        "mended": dict(found.mended),
        "unread": list(found.unread),
    }


def _figure(found: Answer) -> dict[str, Any]:
    return {
        "plan": to_json(found.plan),
        "sentence": found.sentence,
        "enough": found.enough,
        "rows": found.rows,
        "link": found.link,
    }


def _measure(item: Measure) -> dict[str, Any]:
    names = ("key", "name", "meaning", "formula", "kind", "unit", "direction", "minimum")
    return {name: getattr(item, name) for name in names} | {"dimensions": allowed(item)}
