"""The page that lists a set of rows which no measure of the catalogue counts."""

from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from insights import queries
from insights.access import insights_view
from insights.figures.plan import BadPlan, period_from
from insights.figures.reading import one_moment
from insights.figures.wording import key_text, period_text
from insights.row_sets import row_set
from insights.views import PAGE_SIZE, page_number, show

_WITH_A_BASE = ("sampled",)


@require_GET
@insights_view
def row_set_page(request: HttpRequest, name: str) -> HttpResponse:
    """The rows of a set, and nothing else."""
    part, topic = request.GET.get("part", "counted"), request.GET.get("topic")
    try:
        period = period_from(request.GET.get("period", ""))
    except BadPlan as error:
        raise BadRequest(error.detail) from error
    number = page_number(request)
    with one_moment():
        found = row_set(name, period, topic, part=part, start=(number - 1) * PAGE_SIZE,
                        size=PAGE_SIZE)  # fmt: skip
        if found is None:
            raise Http404
        listed = queries.listed(found.page)
    wanted = {key: request.GET[key] for key in ("period", "topic") if key in request.GET}
    other = {} if part == "base" else {"part": "base"}
    has_base = name in _WITH_A_BASE
    return show(
        request, "insights/rows.html", "", measure=found, total=found.total, rows=listed,
        period=period_text(period), filters=key_text("topic", topic) if topic is not None else "",
        part=part, number=number, last=max(1, -(-found.total // PAGE_SIZE)), is_share=has_base,
        other_link=f"{request.path}?{urlencode({**wanted, **other})}" if has_base else "",
        address=f"{request.path}?{urlencode({**wanted, 'part': part})}", is_set=True,
    )  # fmt: skip
