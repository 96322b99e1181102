"""Admin parts of history: it is read here, never changed."""

from django.db.models import Model
from django.http import HttpRequest

from conversations.admin.typed import ModelAdmin, TabularInline


class ReadOnlyAdmin(ModelAdmin):
    """What happened stays as it happened; erasing a customer is a command of its own."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(TabularInline):
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
