"""Synonyms in the admin. Saving goes through SynonymService, so that search learns of it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from conversations.admin.typed import ModelAdmin
from conversations.models import Synonym
from conversations.services.synonyms import SynonymService, UnusableSynonym, checked

service = SynonymService()


class SynonymForm(forms.ModelForm):
    class Meta:
        model = Synonym
        fields = ("term", "words", "language")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                cleaned["term"], cleaned["words"] = checked(cleaned["term"], cleaned["words"])
            except UnusableSynonym as exc:
                raise forms.ValidationError(exc.detail) from None
        return cleaned


@admin.register(Synonym)
class SynonymAdmin(ModelAdmin):
    form = SynonymForm
    list_display = ("term", "said", "language", "updated_at")
    list_filter = ("language",)
    search_fields = ("term", "words")

    @admin.display(description=_("articles say"))
    def said(self, synonym: Synonym) -> str:
        return ", ".join(synonym.words)

    def save_model(self, request: HttpRequest, obj: Synonym, form: Any, change: bool) -> None:
        service.save(obj)

    def delete_model(self, request: HttpRequest, obj: Synonym) -> None:
        service.delete([obj.pk])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Synonym]) -> None:
        service.delete(list(queryset.values_list("pk", flat=True)))
