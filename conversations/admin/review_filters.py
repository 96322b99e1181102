"""Filters of the review queue. What is open is shown unless something else is asked for."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from conversations.models import Review, ReviewItem

ALL = "all"


class StateFilter(admin.SimpleListFilter):
    title, parameter_name = _("state"), "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*ReviewItem.State.choices, (ALL, _("all"))]

    def choices(self, changelist: ChangeList) -> Any:
        for value, title in self.lookup_choices:
            yield {
                "selected": (self.value() or ReviewItem.State.OPEN) == value,
                "query_string": changelist.get_query_string({"state": value}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value() or ReviewItem.State.OPEN
        return queryset if wanted == ALL else queryset.filter(state=wanted)


class WhyFilter(admin.SimpleListFilter):
    title, parameter_name = _("why"), "why"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(ReviewItem.Why.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(why__contains=[self.value()]) if self.value() else queryset


class VerdictFilter(admin.SimpleListFilter):
    title, parameter_name = _("verdict"), "verdict"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Review.Verdict.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        judged = Review.objects.filter(verdict=self.value()).values("turn")
        return queryset.filter(turn__in=judged)


class AssigneeFilter(admin.SimpleListFilter):
    title, parameter_name = _("assigned to"), "assigned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("me", _("me")), ("nobody", _("nobody")), ("others", _("others"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "me":
                return queryset.filter(assignee=request.user.pk)
            case "nobody":
                return queryset.filter(assignee=None)
            case "others":
                return queryset.exclude(assignee=None).exclude(assignee=request.user.pk)
            case _:
                return queryset


class TopicFilter(admin.AllValuesFieldListFilter):
    """The topics that there are in the queue."""


FILTERS = (
    StateFilter,
    WhyFilter,
    AssigneeFilter,
    VerdictFilter,
    "turn__decision",
    ("topic", TopicFilter),
    "draw",
)
