"""Assumptions and alert rules are edited here; they are dated and kept."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from insights.measures import MEASURES
from insights.models import AlertRule, Assumption


@admin.register(Assumption)
class AssumptionAdmin(admin.ModelAdmin):
    list_display = ("key", "from_date", "value", "low", "high", "source", "author")
    list_filter = ("key",)
    date_hierarchy = "from_date"

    def save_model(self, request: HttpRequest, obj: Assumption, form: Any, change: bool) -> None:
        obj.author_id = request.user.pk
        super().save_model(request, obj, form, change)


class AlertRuleForm(forms.ModelForm):
    measure = forms.ChoiceField(
        choices=lambda: [(key, item.name) for key, item in MEASURES.items()]
    )

    class Meta:
        model = AlertRule
        fields: ClassVar = ["measure", "side", "limit", "days", "active"]


@admin.register(AlertRule)
class AlertRuleAdmin(admin.ModelAdmin):
    form = AlertRuleForm
    list_display = ("measure", "side", "limit", "days", "active")
    list_filter = ("active",)
