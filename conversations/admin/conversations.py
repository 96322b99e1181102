"""Conversations, messages and customers in the admin: searchable, linked, history read-only."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.postgres.search import SearchVector
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from conversations.admin.fast import FastAdmin, KnownValues, known_as
from conversations.admin.history import ReadOnlyAdmin, ReadOnlyInline, beginning, link_to
from conversations.models import (
    Citation,
    Conversation,
    Customer,
    Escalation,
    MemoryFact,
    Message,
    Turn,
)
from conversations.streaming.replay import message_payload

#: Messages of a conversation that its page shows, the last ones.
SHOWN = 100


class TurnInline(ReadOnlyInline):
    model = Turn
    fk_name = "conversation"
    fields = ("accepted_at", "state", "decision", "reason", "confidence", "tier")
    ordering = ("accepted_at",)


class FactInline(ReadOnlyInline):
    model = MemoryFact
    fields = ("kind", "value", "updated_at", "erased_at")
    show_change_link = False


class EscalationInline(ReadOnlyInline):
    model = Escalation
    fields = ("opened_at", "reason", "priority", "state", "agent")
    ordering = ("opened_at",)
    related = ("agent",)


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    list_display = ("words", "status", "holder", "who", "channel", "language", "updated_at")
    list_filter = (
        "status", "holder", ("channel", KnownValues), ("language", KnownValues), "updated_at",
    )  # fmt: skip
    list_select_related = ("customer", "agent")
    search_fields = ("id__exact",)
    word_path = "pk"
    inlines: ClassVar = [TurnInline, EscalationInline, FactInline]
    readonly_fields = ("transcript", "customer_link")
    fieldsets = (
        (None, {"fields": ("transcript",)}),
        (
            _("State"),
            {"fields": ("status", "holder", "agent", "customer_link", "contact_email", "channel",
                        "language", "summary", "created_at", "updated_at", "id")},
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        first = Prefetch("messages", Message.objects.filter(seq=1), to_attr="first_said")
        return super().get_queryset(request).prefetch_related(first)

    @admin.display(description=_("first words"))
    def words(self, conversation: Any) -> str:
        said = conversation.first_said
        return beginning(said[0].text) if said else str(conversation.pk)[:8]

    @admin.display(description=_("customer"))
    def who(self, conversation: Conversation) -> str:
        return str(conversation.customer or conversation.contact_email or "–")

    @admin.display(description=_("customer"))
    def customer_link(self, conversation: Conversation) -> SafeString | str:
        return link_to("customer", conversation.customer_id, conversation.customer)

    @admin.display(description=_("what was said"))
    def transcript(self, conversation: Conversation) -> SafeString:
        said = (
            Message.objects.filter(conversation=conversation)
            .select_related("turn", "rating", "user__agent_profile")
            .prefetch_related("citations")
            .order_by("-seq")[:SHOWN]
        )
        payloads = [message_payload(message) for message in said][::-1]
        return SafeString(render_to_string("admin/review/_said.html", {"said": payloads}))


class CitationInline(ReadOnlyInline):
    model = Citation
    fields = ("number", "title", "article", "revision")
    related = ("article",)
    show_change_link = False


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "author", "words", "conversation_link")
    list_filter = ("author", "created_at")
    ordering = ("-created_at",)
    search_fields = ("id__exact", "conversation__id__exact")
    word_path, word_field = "pk", "id"
    inlines: ClassVar = [CitationInline]
    readonly_fields = ("conversation_link",)
    fields = ("conversation_link", "seq", "author", "user", "text", "created_at")

    @admin.display(description=_("text"))
    def words(self, message: Message) -> str:
        return beginning(message.text, 120)

    @admin.display(description=_("conversation"))
    def conversation_link(self, message: Message) -> SafeString | str:
        key = message.conversation_id
        return link_to("conversation", key, str(key)[:8])


@admin.register(Customer)
class CustomerAdmin(FastAdmin):
    list_display = ("name", "identity", "email", "created_at")
    ordering = ("-created_at",)
    search_fields = ("id__exact",)
    search_help_text: ClassVar[Any] = _("The beginning of a name, an address or an identity.")
    readonly_fields = ("identity", "created_at", "conversations")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        vector = SearchVector("display_name", "email", "identity", config="simple")
        return queryset.annotate(words=vector).filter(known_as(search_term)), False

    @admin.display(description=_("customer"))
    def name(self, customer: Customer) -> str:
        return str(customer)

    @admin.display(description=_("conversations"))
    def conversations(self, customer: Customer) -> SafeString:
        address = reverse("admin:conversations_conversation_changelist")
        return format_html(
            '<a href="{}?customer__id__exact={}">{}</a>', address, customer.pk, _("Show them")
        )
