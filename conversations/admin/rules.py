"""Escalation rules in the admin: written, tried on what customers wrote lately, put in force."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from conversations.admin.history import beginning, link_to
from conversations.admin.typed import ModelAdmin
from conversations.escalation import rulebook
from conversations.escalation.rules import says_something
from conversations.models import EscalationRule


class EscalationRuleForm(forms.ModelForm):
    class Meta:
        model = EscalationRule
        fields = (
            "name", "words", "topic", "language", "customer", "priority", "team", "supervisor",
            "position", "active",
        )  # fmt: skip

    def clean_words(self) -> list[str]:
        words = [" ".join(word.split()) for word in self.cleaned_data["words"] or [] if word]
        for word in words:
            if not says_something(word):
                raise forms.ValidationError(
                    _("“%(word)s” has no letters to look for. Give a word."),
                    params={"word": word},
                )
        return words

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        conditions = ("words", "topic", "language", "customer")
        if not self.errors and not any(cleaned.get(name) for name in conditions):
            raise forms.ValidationError(
                _("Give at least one condition: words, a topic, a language or a customer.")
            )
        return cleaned


@admin.register(EscalationRule)
class EscalationRuleAdmin(ModelAdmin):
    form = EscalationRuleForm
    list_display = ("name", "conditions", "priority", "team", "supervisor", "active", "position")
    list_filter = ("active", "team")
    list_select_related = ("team",)
    search_fields = ("name", "words", "topic", "customer")
    readonly_fields = ("preview",)
    fieldsets = (
        (None, {"fields": ("name",)}),
        (
            _("Where all of these fit"),
            {"fields": ("words", "topic", "language", "customer")},
        ),
        (_("a person is asked"), {"fields": ("priority", "team", "supervisor")}),
        (_("In force"), {"fields": ("position", "active", "preview")}),
    )

    @admin.display(description=_("where"))
    def conditions(self, rule: EscalationRule) -> str:
        known = (", ".join(rule.words), rule.topic, rule.language, rule.customer)
        return beginning(" · ".join(value for value in known if value))

    @admin.display(description=_("what it would have found"))
    def preview(self, rule: EscalationRule) -> SafeString | str:
        if rule._state.adding:
            return str(_("Save the rule first."))
        found = rulebook.preview(rulebook.as_rule(rule))
        count = _("%(fitting)d of the newest %(looked_at)d messages of customers.") % {
            "fitting": found.fitting,
            "looked_at": found.looked_at,
        }
        rows = format_html_join(
            "",
            "<li>{}: {} {}</li>",
            (
                (
                    date_format(localtime(example.at), "SHORT_DATETIME_FORMAT"),
                    beginning(example.text),
                    link_to("conversation", example.conversation, _("conversation")),
                )
                for example in found.examples
            ),
        )
        return format_html("<p>{}</p><ul>{}</ul>", count, rows) if rows else count
