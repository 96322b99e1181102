"""Which articles still lack the words that customers use."""

from typing import Any

from django.contrib import admin
from django.db.models import F, IntegerField, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

#: Most of what phrasings give is there by then (docs/knowledge.md: 4, 16 and 28 measured).
MANY = 16


def phrase_count() -> Coalesce:
    """How many phrasings stand in an article's field, for an annotation. Those in its text and
    those that reviewers taught are not counted."""
    return Coalesce(F("asked_as__len"), 0, output_field=IntegerField())


class PhrasingFilter(admin.SimpleListFilter):
    title = _("phrasings")
    parameter_name = "phrasings"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("none", _("None")),
            ("few", _("1 to %d") % (MANY - 1)),
            ("many", _("%d or more") % MANY),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        chosen: dict[str | None, dict[str, int]] = {
            "none": {"phrase_count": 0},
            "few": {"phrase_count__gte": 1, "phrase_count__lt": MANY},
            "many": {"phrase_count__gte": MANY},
        }
        return queryset.filter(**chosen.get(self.value(), {}))
