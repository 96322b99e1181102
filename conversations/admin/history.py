"""Admin parts of history: it is read here, never changed."""

from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from conversations.admin.fast import FastAdmin
from conversations.admin.typed import TabularInline


class ReadOnlyAdmin(FastAdmin):
    """What happened stays as it happened; erasing a customer is a command of its own."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(TabularInline):
    """`related`: what its columns show of other tables, read in the same query."""

    extra = 0
    can_delete = False
    show_change_link = True
    related: ClassVar[tuple[str, ...]] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.select_related(*self.related) if self.related else rows

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def link_to(name: str, key: Any, words: Any) -> SafeString | str:
    """A link to another page of the admin, or a dash where there is nothing to link to."""
    if key is None:
        return "–"
    return format_html(
        '<a href="{}">{}</a>', reverse(f"admin:conversations_{name}_change", args=[key]), words
    )


def beginning(text: str, length: int = 90) -> str:
    """A text in a column."""
    flat = " ".join(text[: length * 2].split())
    return flat if len(flat) <= length else f"{flat[:length]}…"
