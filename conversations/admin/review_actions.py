"""What is done with several turns of the review queue at once."""

import csv
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from conversations import dispatch
from conversations.models import Review, ReviewItem
from conversations.services.review_queue import ReviewQueueService
from conversations.services.review_reading import EXPORT_COLUMNS, export_rows
from conversations.services.review_verdicts import Judged, ReviewService

#: A cell that a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def service() -> ReviewService:
    """Verdicts, with a worker to embed what they teach."""
    return ReviewService(renew=dispatch.renew_knowledge)


def _tell(request: HttpRequest, count: int) -> None:
    text = ngettext("%d turn was changed.", "%d turns were changed.", count) % count
    messages.success(request, text)


@admin.action(description=gettext_lazy("Judge as right"), permissions=["change"])
def judge_right(_admin: Any, request: HttpRequest, queryset: QuerySet[ReviewItem]) -> None:
    reviews, user_id = service(), int(request.user.pk or 0)
    turns = list(queryset.filter(state=ReviewItem.State.OPEN).values_list("turn", flat=True))
    for turn_id in turns:
        reviews.judge(
            turn_id=turn_id,
            reviewer_id=user_id,
            judged=Judged(Review.Verdict.RIGHT),
            now=timezone.now(),
        )
    _tell(request, len(turns))


@admin.action(description=gettext_lazy("Skip"), permissions=["change"])
def skip(_admin: Any, request: HttpRequest, queryset: QuerySet[ReviewItem]) -> None:
    _tell(request, ReviewQueueService().skip(items=_ids(queryset), now=timezone.now()))


@admin.action(description=gettext_lazy("Put back into the queue"), permissions=["change"])
def put_back(_admin: Any, request: HttpRequest, queryset: QuerySet[ReviewItem]) -> None:
    _tell(request, ReviewQueueService().reopen(items=_ids(queryset)))


@admin.action(description=gettext_lazy("Snooze until tomorrow"), permissions=["change"])
def snooze(_admin: Any, request: HttpRequest, queryset: QuerySet[ReviewItem]) -> None:
    until = timezone.now() + timedelta(days=1)
    _tell(request, ReviewQueueService().snooze(items=_ids(queryset), until=until))


@admin.action(description=gettext_lazy("Assign to me"), permissions=["change"])
def take(_admin: Any, request: HttpRequest, queryset: QuerySet[ReviewItem]) -> None:
    user_id = int(request.user.pk or 0)
    _tell(request, ReviewQueueService().assign(items=_ids(queryset), user_id=user_id))


@admin.action(description=gettext_lazy("Assign to nobody"), permissions=["change"])
def release(_admin: Any, request: HttpRequest, queryset: QuerySet[ReviewItem]) -> None:
    _tell(request, ReviewQueueService().assign(items=_ids(queryset), user_id=None))


def assign_to(user_id: int, name: str) -> tuple[Any, str, str]:
    """An action that gives the chosen turns to one colleague."""

    def assign(_admin: Any, request: HttpRequest, queryset: QuerySet[ReviewItem]) -> None:
        _tell(request, ReviewQueueService().assign(items=_ids(queryset), user_id=user_id))

    return assign, f"assign_{user_id}", _("Assign to %(name)s") % {"name": name}


@admin.action(description=gettext_lazy("Export as CSV"), permissions=["view"])
def export(_admin: Any, request: HttpRequest, queryset: QuerySet[ReviewItem]) -> HttpResponse:
    rows = export_rows(queryset.prefetch_related(None))
    response = StreamingHttpResponse(_csv(rows), content_type="text/csv; charset=utf-8")
    name = _("review")
    response["Content-Disposition"] = f'attachment; filename="{name}-{timezone.localdate()}.csv"'
    return response  # type: ignore[return-value]


class _Line:
    """What csv writes to: hands each line on."""

    def write(self, line: str) -> str:
        return line


def _csv(rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(EXPORT_COLUMNS)
    for row in rows:
        yield writer.writerow([_harmless(cell) for cell in row])


def _harmless(cell: object) -> object:
    """A customer's words never become a formula of whoever opens the file."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _ids(queryset: QuerySet[ReviewItem]) -> list[int]:
    return list(queryset.values_list("pk", flat=True))


ACTIONS = (judge_right, skip, put_back, snooze, take, release, export)
