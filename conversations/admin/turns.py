"""Turns, thumbs and cached answers in the admin: how each answer came about, read-only."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from conversations.admin.fast import FastAdmin, KnownValues
from conversations.admin.history import ReadOnlyAdmin, ReadOnlyInline, beginning, link_to
from conversations.ladder_status import did_text
from conversations.models import CachedAnswer, Message, Rating, ReviewItem, Turn, TurnPassage
from conversations.services import review_words
from conversations.streaming.replay import message_payload, timings

SHOWN = 20


class PassageInline(ReadOnlyInline):
    model = TurnPassage
    fields = ("rank", "article", "revision", "passage", "vector_score", "text_score", "score",
              "in_prompt")  # fmt: skip
    ordering = ("rank",)
    show_change_link = False
    related = ("article", "passage")


@admin.register(Turn)
class TurnAdmin(ReadOnlyAdmin):
    change_form_template = "admin/review/turn.html"
    list_display = (
        "accepted_at", "question_text", "decision", "reason", "chance", "tier", "first_token",
    )  # fmt: skip
    list_filter = (
        "decision", ("tier", KnownValues), ("reason", KnownValues), "state", "accepted_at",
    )  # fmt: skip
    search_fields = ("id__exact", "conversation__id__exact")
    word_path = "conversation"
    list_select_related = ("question",)
    inlines: ClassVar = [PassageInline]
    readonly_fields = ("transcript", "waterfall", "ladder", "conversation_link", "grounds")
    fieldsets = (
        (None, {"fields": ("conversation_link", "transcript")}),
        (
            _("Decision"),
            {"fields": ("decision", "reason", "confidence", "grounds", "query", "stopped")},
        ),
        (
            _("Answer"),
            {"fields": ("ladder", "tier", "model", "prompt_tokens", "output_tokens")},
        ),
        (_("Timing"), {"fields": ("waterfall", "accepted_at", "done_at", "deadline_at")}),
        (_("Ownership"), {"fields": ("state", "epoch", "attempts", "error_code")}),
        (_("All signals"), {"fields": ("trace",), "classes": ("collapse",)}),
    )

    @admin.display(description=_("question"))
    def question_text(self, turn: Turn) -> str:
        return beginning(turn.question.text, 80)

    @admin.display(description=_("confidence"))
    def chance(self, turn: Turn) -> str:
        return "–" if turn.confidence is None else f"{turn.confidence:.2f}"

    @admin.display(description=_("first words"))
    def first_token(self, turn: Turn) -> str:
        value = timings(turn).get("first_token_ms")
        return "–" if value is None else f"{value:.0f} ms"

    @admin.display(description=_("conversation"))
    def conversation_link(self, turn: Turn) -> SafeString | str:
        return link_to("conversation", turn.conversation_id, turn.conversation_id)

    @admin.display(description=_("what was said"))
    def transcript(self, turn: Turn) -> SafeString:
        """The transcript as the customer saw it, up to this turn's reply."""
        end = turn.reply.seq if turn.reply else turn.covers_seq
        said = (
            Message.objects.filter(conversation=turn.conversation_id, seq__lte=end)
            .select_related("turn", "rating", "user__agent_profile")
            .prefetch_related("citations")
        )
        payloads = [message_payload(item) for item in said.order_by("-seq")[:SHOWN]][::-1]
        return SafeString(render_to_string("admin/review/_said.html", {"said": payloads}))

    @admin.display(description=_("on what grounds"))
    def grounds(self, turn: Turn) -> str:
        return " ".join(review_words.decision(turn.decision, turn.reason, turn.trace))

    @admin.display(description=_("milliseconds"))
    def waterfall(self, turn: Turn) -> SafeString:
        times = timings(turn)
        context = {"steps": review_words.steps(times), "total_ms": max(times.values(), default=0)}
        return SafeString(render_to_string("admin/review/_waterfall.html", context))

    @admin.display(description=_("way down the ladder"))
    def ladder(self, turn: Turn) -> SafeString | str:
        """What was done at each rung, and why."""
        steps = [*turn.trace.get("ladder", ())]
        if not steps:
            return ", ".join(turn.tiers_tried) or "–"
        named = [{**step, "did_text": did_text(step.get("did", ""))} for step in steps]
        return SafeString(render_to_string("admin/review/_ladder.html", {"steps": named}))

    def render_change_form(self, request, context, *args, **kwargs):  # type: ignore[no-untyped-def]
        turn = kwargs.get("obj")
        item = ReviewItem.objects.filter(turn=turn).first() if turn else None
        may = request.user.has_perm("conversations.change_reviewitem")
        context |= {"review_item": item, "may_review": may, "turn": turn}
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(Rating)
class RatingAdmin(ReadOnlyAdmin):
    list_display = ("updated_at", "score", "message_text", "conversation_link")
    list_filter = ("score", "updated_at")
    list_select_related = ("message",)
    ordering = ("-updated_at",)
    search_fields = ("message__conversation__id__exact",)
    word_path = "message__conversation"

    @admin.display(description=_("message"))
    def message_text(self, rating: Rating) -> str:
        return beginning(rating.message.text)

    @admin.display(description=_("conversation"))
    def conversation_link(self, rating: Rating) -> SafeString | str:
        key = rating.message.conversation_id
        return link_to("conversation", key, str(key)[:8])


@admin.register(CachedAnswer)
class CachedAnswerAdmin(FastAdmin):
    """What is given again. Deleting an entry makes the next customer get a fresh answer."""

    list_display = ("question", "article", "tier", "approved", "hits", "created_at")
    list_filter = ("approved",)
    list_select_related = ("article",)
    search_fields = ("question", "text", "article__title")
    search_help_text: ClassVar[Any] = _("Words of the question, the answer or the article's title.")
    readonly_fields = ("question", "article", "text", "citations", "tier", "model", "turn_link",
                       "hits")  # fmt: skip
    exclude = ("turn",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description=_("turn"))
    def turn_link(self, entry: CachedAnswer) -> SafeString | str:
        return link_to("turn", entry.turn_id, _("Where it was first given"))
