"""The pages: each reads the address, builds one page and draws it."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from insights import links, queries
from insights.access import insights_view, may_apply
from insights.ask import vocabulary
from insights.ask.answer import Answer, answer
from insights.ask.proposing import propose
from insights.ask.reading import AskBack, Refused, Understood
from insights.ask.refusals import left_out, reason
from insights.ask.rules import read
from insights.dashboards import automation, desk, overview, savings_page, simple, topics
from insights.dashboards.blocks import Page
from insights.dashboards.brief import brief
from insights.dashboards.charts import Series, bar, line
from insights.dashboards.scope import Scope, presets, scope_from
from insights.dashboards.scope import topics as topic_names
from insights.figures.figure import count_rows, portal_zone, rows
from insights.figures.periods import local_date
from insights.figures.plan import BadPlan, Plan
from insights.figures.reading import one_moment
from insights.figures.wording import filters_text, period_text, plan_text
from insights.measures import DIMENSIONS, MEASURES, allowed, label
from insights.models import BriefSubscription
from insights.navigation import PAGES
from insights.proposer import proposer
from portal.core.errors import ServiceError

PAGE_SIZE = 50
_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "pt")
_CHANNELS = ("web", "widget", "email")


def page_number(request: HttpRequest) -> int:
    """The page of a list that is asked for; the first where that is no number."""
    given = request.GET.get("page", "1")
    return max(1, int(given)) if given.isdecimal() and len(given) < 7 else 1


def show(request: HttpRequest, template: str, key: str, **context: Any) -> HttpResponse:
    shown = {
        "pages": PAGES, "here": key, "read_until": queries.read_until(),
        "demonstration": queries.shows_demonstration(), **context,
    }  # fmt: skip
    return render(request, template, shown)


def _scope(request: HttpRequest) -> Scope:
    try:
        return scope_from(request.GET, timezone.now(), portal_zone())
    except BadPlan as error:
        raise BadRequest(error.detail) from error


def _dashboard(build: Callable[[Scope], Page]) -> Callable[..., HttpResponseBase]:
    @require_GET
    @insights_view
    def view(request: HttpRequest) -> HttpResponse:
        scope = _scope(request)
        with one_moment():
            return _page(request, scope, build(scope))

    return view


def _page(request: HttpRequest, scope: Scope, page: Page) -> HttpResponse:
    return show(
        request, "insights/page.html", page.key, page=page, scope=scope, query=scope.query(),
        presets=presets(scope), topics=topic_names(),
        languages=[(key, label("language", key)) for key in _LANGUAGES], channels=_CHANNELS,
        chosen={item.dimension: item.values[0] for item in scope.filters},
        period=period_text(scope.period),
        compare=period_text(scope.compare) if scope.compare else "",
    )  # fmt: skip


overview_page = _dashboard(overview.build)
topics_page = _dashboard(topics.build)
quality_page = _dashboard(simple.quality)
performance_page = _dashboard(simple.performance)
knowledge_page = _dashboard(simple.knowledge)
desk_page = _dashboard(desk.build)
savings_view = _dashboard(savings_page.build)


@require_GET
@insights_view
def automation_page(request: HttpRequest) -> HttpResponse:
    scope, wrong = _scope(request), None
    if given := request.GET.get("wrong"):
        try:
            wrong = min(1.0, max(0.0, float(given) / 100))
        except ValueError as error:
            raise BadRequest from error
    with one_moment():
        return _page(
            request, scope, automation.build(scope, wrong=wrong, may_apply=may_apply(request.user))
        )


def plan_of(request: HttpRequest) -> Plan:
    try:
        return links.plan_from({key: str(value) for key, value in request.GET.items()})
    except BadPlan as error:
        raise BadRequest(error.detail) from error


def listing(request: HttpRequest) -> tuple[Plan, str]:
    """The plan of a list of rows. Raises BadRequest."""
    plan, part = plan_of(request), request.GET.get("part", "counted")
    if plan.measure not in MEASURES or part not in ("counted", "base"):
        raise BadRequest
    return plan, part


@require_GET
@insights_view
def rows_page(request: HttpRequest) -> HttpResponse:
    """The rows that a figure counts, and nothing else."""
    plan, part = listing(request)
    number = page_number(request)
    total = count_rows(plan, part=part)
    found = queries.listed(rows(plan, part=part, start=(number - 1) * PAGE_SIZE, size=PAGE_SIZE))
    is_share = plan.definition.kind == "ratio"
    other = "counted" if part == "base" else "base"
    return show(
        request, "insights/rows.html", "", measure=plan.definition, total=total, rows=found,
        period=period_text(plan.period), filters=filters_text(plan.filters), part=part,
        number=number, last=max(1, -(-total // PAGE_SIZE)), is_share=is_share,
        other_link=links.rows_link(plan, part=other) if is_share else "",
        address=links.rows_link(plan, part=part),
    )  # fmt: skip


@require_GET
@insights_view
def ask_page(request: HttpRequest) -> HttpResponse:
    """A question in plain words, or a plan that was edited; the thread's last plan is `then`."""
    question = request.GET.get("q", "").strip()
    context: dict[str, Any] = {"question": question, "examples": _EXAMPLES}
    if question:
        context |= _asked(request, question)
    elif request.GET.get("measure"):
        plan = plan_of(request)
        context |= _answered(answer(plan))
    return show(request, "insights/ask.html", "ask", **context)


def _asked(request: HttpRequest, question: str) -> dict[str, Any]:
    previous = None
    if request.GET.get("measure"):
        previous = plan_of(request)
    today = local_date(timezone.now(), portal_zone())
    found = read(question, vocabulary=vocabulary.current(), today=today, previous=previous)
    match found:
        case Refused():
            return {
                "refused": reason(found),
                **_offered(found),
                **_proposed(question, found, today),
            }
        case AskBack():
            choices = [(_name(plan), links.ask_link(plan)) for plan in found.choices]
            return {"choices": choices, "words": found.words}
        case Understood():
            said = {"mended": found.mended, "left_out": left_out(found.unread)}
            return {**said, **_answered(answer(found.plan))}


def _offered(refused: Refused) -> dict[str, Any]:
    """What the question says without the words that were not understood, to be opened or not."""
    if refused.without is None:
        return {}
    return {"without": plan_text(refused.without), "without_link": links.ask_link(refused.without)}


def _proposed(question: str, refused: Refused, today: date) -> dict[str, Any]:
    """A model's proposal, to be opened by the reader; nothing where none is configured or fits."""
    generate = proposer() if refused.why in ("unknown", "measure") else None
    if generate is None:
        return {}
    try:
        plan = propose(question, generate, vocabulary=vocabulary.current(), today=today)
    except ServiceError:
        return {}
    if plan is None:
        return {}
    return {"proposal": plan_text(plan), "proposal_link": links.ask_link(plan)}


def _name(plan: Plan) -> str:
    return str(plan.definition.name) if plan.measure in MEASURES else "savings"


def _answered(found: Answer) -> dict[str, Any]:
    plan = found.plan
    measure = MEASURES.get(plan.measure)
    return {
        "answer": found, "plan": plan, "measure": measure, "parameters": links.parameters(plan),
        "measures": [(key, item.name) for key, item in MEASURES.items()],
        "groups": [(item.key, item.name) for item in allowed(measure)] if measure else [],
        "filters": filters_text(plan.filters), "period": period_text(plan.period),
        "compare": period_text(plan.compare) if plan.compare else "", "in_words": plan_text(plan),
        "group": DIMENSIONS[plan.group].name if plan.group else "",
        "address": links.ask_link(plan),
        "chart": _chart(found), "lines": _lines(found),
    }  # fmt: skip


def _lines(found: Answer) -> list[tuple[Any, Any]]:
    """The table's rows, each with its bar where bars are the fitting picture."""
    top = max((row.value or 0 for row in found.rows), default=0)
    return [(row, bar(row.value, top) if found.chart == "bars" else "") for row in found.rows]


def _chart(found: Answer) -> Any:
    """The fitting picture: a line over time; bars stand in the table's cells."""
    if found.chart != "line":
        return ""
    series = Series(
        str(found.plan.definition.name), [row.value for row in found.rows],
        [row.link for row in found.rows],
    )  # fmt: skip
    names = [row.name for row in found.rows]
    return line(found.sentence, names, [series], found.plan.definition.unit)


_EXAMPLES = (
    "Escalation rate by topic last week",
    "Why did escalations go up last week?",
    "Median wait on Mondays for returns in German",
    "Which article should we write next?",
    "What did the assistant save last month against the month before?",
)


@require_GET
@insights_view
def brief_page(request: HttpRequest) -> HttpResponse:
    with one_moment():
        found = brief(local_date(timezone.now(), portal_zone()))
    subscribed = BriefSubscription.objects.filter(
        user__username=request.user.get_username()
    ).exists()
    return show(request, "insights/brief.html", "brief", brief=found, subscribed=subscribed)


@require_GET
@insights_view
def measures_page(request: HttpRequest) -> HttpResponse:
    """The catalogue: what every figure means and how it is reckoned."""
    measures = [
        (item, ", ".join(str(dimension.name) for dimension in allowed(item)))
        for item in MEASURES.values()
    ]
    return show(request, "insights/measures.html", "measures", measures=measures)
