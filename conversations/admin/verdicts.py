"""Verdicts, their history and the weekly samples: read here, made on the review page."""

from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from conversations.admin.history import ReadOnlyAdmin, beginning, link_to
from conversations.models import Review, ReviewChange, ReviewDraw


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "question", "verdict", "code", "reviewer", "draft_link")
    list_filter = ("verdict", "code", "reviewer", "created_at")
    list_select_related = ("turn__question", "reviewer", "draft")
    search_fields = ("turn__id__exact", "reason")
    word_path = "turn__conversation"
    fields = readonly_fields = (
        "turn_link", "reviewer", "verdict", "code", "reason", "right_article", "right_answer",
        "draft_link", "created_at", "updated_at",
    )  # fmt: skip

    @admin.display(description=_("question"))
    def question(self, review: Review) -> str:
        return beginning(review.turn.question.text)

    @admin.display(description=_("turn"))
    def turn_link(self, review: Review) -> SafeString | str:
        return link_to("turn", review.turn_id, beginning(review.turn.question.text))

    @admin.display(description=_("article draft"))
    def draft_link(self, review: Review) -> SafeString | str:
        return link_to("article", review.draft_id, review.draft)


@admin.register(ReviewChange)
class ReviewChangeAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor", "was", "became", "turn_link")
    list_filter = ("actor", "at")
    list_select_related = ("actor",)
    search_fields = ("turn__id__exact",)
    word_path = "turn__conversation"

    @admin.display(description=_("before"))
    def was(self, change: ReviewChange) -> str:
        return _named(change.before)

    @admin.display(description=_("after"))
    def became(self, change: ReviewChange) -> str:
        return _named(change.after)

    @admin.display(description=_("turn"))
    def turn_link(self, change: ReviewChange) -> SafeString | str:
        return link_to("turn", change.turn_id, str(change.turn_id)[:8])


@admin.register(ReviewDraw)
class ReviewDrawAdmin(ReadOnlyAdmin):
    list_display = ("week", "size", "population", "seed", "drawn_at")
    readonly_fields = ("shares",)
    fields = ("week", "seed", "population", "size", "shares", "drawn_at")

    @admin.display(description=_("strata: drawn of all"))
    def shares(self, made: ReviewDraw) -> SafeString:
        rows = "".join(
            format_html("<li>{}: {} / {}</li>", name, drawn, population)
            for name, population, drawn in made.strata
        )
        return format_html("<ul>{}</ul>", SafeString(rows))


def _named(fields: dict[str, Any]) -> str:
    verdict = fields.get("verdict")
    return str(dict(Review.Verdict.choices).get(verdict, verdict)) if verdict else "–"
