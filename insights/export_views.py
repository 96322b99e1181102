"""Downloads: the rows behind a figure and the figures of a plan, as CSV or Parquet."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_GET

from insights.access import insights_view
from insights.export import download
from insights.figures.figure import figures, rows_after
from insights.figures.plan import Plan
from insights.figures.wording import key_text
from insights.measures import MEASURES
from insights.parquet import Column
from insights.views import listing, plan_of

MOST_EXPORTED = 1_000_000
PAGE = 5_000

_ROWS = (Column("time", "moment"), Column("conversation", "text"), Column("row", "text"))


@require_GET
@insights_view
def rows_export(request: HttpRequest, form: str) -> HttpResponseBase:
    """All rows behind a figure, newest first, read page by page while they are sent."""
    plan, part = listing(request)
    return download(request, f"{plan.measure}-rows", form, _ROWS, _lines(plan, part))


def _lines(plan: Plan, part: str) -> Iterator[tuple[Any, ...]]:
    last, sent = None, 0
    while sent < MOST_EXPORTED:
        page = rows_after(plan, last, part=part, size=PAGE)
        for item in page:
            yield item.at, item.conversation, item.key
        if len(page) < PAGE:
            return
        last, sent = page[-1], sent + len(page)


@require_GET
@insights_view
def figures_export(request: HttpRequest, form: str) -> HttpResponseBase:
    """The figures of a plan, as they stand in the table."""
    plan = plan_of(request)
    if plan.measure not in MEASURES:
        raise BadRequest
    columns = (
        Column(plan.group or "figure", "text"), Column(plan.measure, "number"),
        Column("counted", "integer"), Column("out_of", "integer"), Column("low", "number"),
        Column("high", "number"),
    )  # fmt: skip
    lines = [
        (key_text(plan.group, item.key) if plan.group else plan.measure, item.value, item.counted,
         item.out_of, item.low, item.high)
        for item in figures(plan)
    ]  # fmt: skip
    return download(request, plan.measure, form, columns, iter(lines))
