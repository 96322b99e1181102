"""API tokens in the admin: made (the secret is shown once), looked at, revoked."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from conversations.admin.typed import ModelAdmin
from conversations.models import ApiToken, Scope
from conversations.services.api_tokens import ApiTokenService


class NewTokenForm(forms.Form):
    """What a new token is for, what it may and how long."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("Which program uses it."))
    scopes = forms.MultipleChoiceField(
        label=_("May"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(
        label=_("Days"), min_value=1, max_value=3650, initial=90, help_text=_("Then it ends.")
    )


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin):
    list_display = ("name", "beginning", "may", "expires_at", "last_used_at", "revoked_at")
    list_filter = ("revoked_at", "expires_at")
    search_fields = ("name", "beginning")
    readonly_fields = (
        "name", "beginning", "may", "created_by", "created_at", "expires_at", "last_used_at",
        "revoked_at",
    )  # fmt: skip
    fields = readonly_fields
    actions = ["revoke"]

    @admin.display(description=_("may"))
    def may(self, token: ApiToken) -> str:
        return ", ".join(token.scopes)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tokens are revoked: what they were used for must stay explicable."""
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A form of its own, whose answer shows the secret and is kept by nobody."""
        if not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)  # refuses
        form = NewTokenForm(request.POST or None)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "form": form}
        if request.method == "POST" and form.is_valid():
            made = ApiTokenService().make(
                **form.cleaned_data, now=timezone.now(), made_by=request.user
            )
            self.log_addition(request, made.row, [{"added": {}}])
            context |= {"secret": made.secret, "token": made.row}
        response = render(request, "admin/conversations/api_token.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response

    @admin.action(description=_("Revoke"), permissions=["add"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        for token_id in ids:
            ApiTokenService().revoke(token_id=token_id, now=timezone.now())
        text = ngettext("%d token revoked.", "%d tokens revoked.", len(ids)) % len(ids)
        self.message_user(request, text, messages.SUCCESS)
