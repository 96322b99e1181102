"""Conversations, turns and their record in the admin: searchable, linked, read-only."""

from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from conversations.admin.history import ReadOnlyAdmin, ReadOnlyInline
from conversations.admin.typed import ModelAdmin
from conversations.models import (
    CachedAnswer,
    Citation,
    Conversation,
    Customer,
    Escalation,
    MemoryFact,
    Message,
    Rating,
    Review,
    Turn,
    TurnPassage,
)
from conversations.services.answer_cache import AnswerCacheService
from conversations.streaming.replay import timings


class MessageInline(ReadOnlyInline):
    model = Message
    fields = ("seq", "author", "text", "created_at")
    ordering = ("seq",)


class TurnInline(ReadOnlyInline):
    model = Turn
    fk_name = "conversation"
    fields = ("accepted_at", "state", "decision", "reason", "confidence", "tier")
    ordering = ("accepted_at",)


class FactInline(ReadOnlyInline):
    model = MemoryFact
    fields = ("kind", "value", "updated_at", "erased_at")


class EscalationInline(ReadOnlyInline):
    model = Escalation
    fields = ("opened_at", "reason", "priority", "state", "agent")


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    list_display = ("short_id", "status", "holder", "channel", "message_count", "updated_at")
    list_filter = ("status", "holder", "channel", "language")
    search_fields = ("id__exact", "messages__text")
    search_help_text = _("A conversation's id, or words that were said in it.")
    date_hierarchy = "updated_at"
    inlines: ClassVar = [MessageInline, TurnInline, EscalationInline, FactInline]
    fields = (
        "id", "status", "holder", "agent", "customer", "channel", "language", "head_seq",
        "summary", "created_at", "updated_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        return super().get_queryset(request).annotate(said=Count("messages"))

    @admin.display(description=_("conversation"))
    def short_id(self, conversation: Conversation) -> str:
        return str(conversation.id)[:8]

    @admin.display(description=_("messages"))
    def message_count(self, conversation: Any) -> int:
        return int(conversation.said)


class PassageInline(ReadOnlyInline):
    model = TurnPassage
    fields = ("rank", "article", "revision", "passage", "vector_score", "text_score", "score",
              "in_prompt")  # fmt: skip
    ordering = ("rank",)
    show_change_link = False


@admin.register(Turn)
class TurnAdmin(ReadOnlyAdmin):
    list_display = (
        "accepted_at", "question_text", "decision", "reason", "confidence", "tier", "first_token",
        "state",
    )  # fmt: skip
    list_filter = ("decision", "tier", "state", "reason", "stopped", "accepted_at")
    search_fields = ("id__exact", "conversation__id__exact", "question__text", "reply__text")
    search_help_text = _("An id, or words of the question or the reply.")
    list_select_related = ("question",)
    date_hierarchy = "accepted_at"
    inlines: ClassVar = [PassageInline]
    readonly_fields = ("transcript", "waterfall", "conversation_link")
    fieldsets = (
        (None, {"fields": ("conversation_link", "transcript")}),
        (
            _("Decision"),
            {"fields": ("decision", "reason", "confidence", "query", "trace", "stopped")},
        ),
        (
            _("Answer"),
            {"fields": ("tier", "tiers_tried", "model", "prompt_tokens", "output_tokens")},
        ),
        (_("Timing"), {"fields": ("waterfall", "accepted_at", "done_at", "deadline_at")}),
        (_("Ownership"), {"fields": ("state", "epoch", "attempts", "error_code")}),
    )

    @admin.display(description=_("question"))
    def question_text(self, turn: Turn) -> str:
        text = turn.question.text
        return text if len(text) <= 80 else f"{text[:80]}…"

    @admin.display(description=_("first token"), ordering="first_token_at")
    def first_token(self, turn: Turn) -> str:
        value = timings(turn).get("first_token_ms")
        return "" if value is None else f"{value:.0f} ms"

    @admin.display(description=_("conversation"))
    def conversation_link(self, turn: Turn) -> SafeString:
        address = reverse("admin:conversations_conversation_change", args=[turn.conversation_id])
        return format_html('<a href="{}">{}</a>', address, turn.conversation_id)

    @admin.display(description=_("what was said"))
    def transcript(self, turn: Turn) -> SafeString:
        """The transcript as the customer saw it, up to this turn's reply."""
        end = turn.reply.seq if turn.reply else turn.covers_seq
        said = Message.objects.filter(conversation=turn.conversation_id, seq__lte=end)
        rows = [(item.get_author_display(), item.text) for item in said.order_by("-seq")[:20]][::-1]
        lines = format_html_join("", "<dt>{}</dt><dd>{}</dd>", rows)
        return format_html('<dl class="portal-transcript">{}</dl>', lines)

    @admin.display(description=_("milliseconds since acceptance"))
    def waterfall(self, turn: Turn) -> SafeString:
        rows = [(name.removesuffix("_ms"), f"{value:.0f}") for name, value in timings(turn).items()]
        cells = format_html_join("", "<tr><th>{}</th><td>{}</td></tr>", rows)
        return format_html('<table class="portal-waterfall">{}</table>', cells)


@admin.register(Escalation)
class EscalationAdmin(ReadOnlyAdmin):
    list_display = ("opened_at", "reason", "priority", "state", "agent", "conversation")
    list_filter = ("state", "reason", "priority")
    search_fields = ("conversation__id__exact", "conversation__messages__text")
    list_select_related = ("conversation", "agent")
    date_hierarchy = "opened_at"


@admin.register(Customer)
class CustomerAdmin(ModelAdmin):
    list_display = ("display_name", "identity", "email", "created_at")
    search_fields = ("display_name", "identity", "email")


@admin.register(Rating)
class RatingAdmin(ReadOnlyAdmin):
    list_display = ("updated_at", "score", "message_text")
    list_filter = ("score",)
    list_select_related = ("message",)

    @admin.display(description=_("message"))
    def message_text(self, rating: Rating) -> str:
        return rating.message.text[:100]


@admin.register(Review)
class ReviewAdmin(ModelAdmin):
    """A first form for verdicts; the review queue comes with part 4."""

    list_display = ("created_at", "turn", "verdict", "reviewer")
    list_filter = ("verdict", "reviewer")
    search_fields = ("turn__id__exact", "turn__question__text", "reason")
    autocomplete_fields = ("turn", "right_article")
    list_select_related = ("turn", "reviewer")
    exclude = ("reviewer",)

    def save_model(self, request: HttpRequest, obj: Review, form: Any, change: bool) -> None:
        if not change:
            obj.reviewer = cast(User, request.user)
        super().save_model(request, obj, form, change)
        AnswerCacheService(similarity=None, enabled=lambda: True).judge(
            turn=obj.turn, verdict=obj.verdict
        )


@admin.register(CachedAnswer)
class CachedAnswerAdmin(ModelAdmin):
    """What is given again. Deleting an entry makes the next customer get a fresh answer."""

    list_display = ("question", "article", "tier", "approved", "hits", "created_at")
    list_filter = ("approved", "tier")
    list_select_related = ("article",)
    search_fields = ("question", "text", "article__title")
    readonly_fields = ("question", "article", "text", "citations", "tier", "model", "turn", "hits")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class CitationInline(ReadOnlyInline):
    model = Citation
    fields = ("number", "title", "article", "revision")


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "author", "beginning", "conversation")
    list_filter = ("author", "created_at")
    search_fields = ("id__exact", "conversation__id__exact", "text")
    list_select_related = ("conversation",)
    inlines: ClassVar = [CitationInline]

    @admin.display(description=_("text"))
    def beginning(self, message: Message) -> str:
        return message.text[:100]
