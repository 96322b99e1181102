"""The desk in the admin: people, teams, hours and promises are edited; what happened is read."""

from typing import ClassVar

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from conversations.admin.fast import KnownValues
from conversations.admin.history import ReadOnlyAdmin, beginning, link_to
from conversations.admin.typed import ModelAdmin
from conversations.models import (
    AgentProfile,
    AuditEntry,
    CannedReply,
    Escalation,
    Holiday,
    Note,
    OpeningHours,
    ResolutionSurvey,
    SlaPolicy,
    Team,
)


@admin.register(Team)
class TeamAdmin(ModelAdmin):
    list_display = ("name", "topic_list")
    search_fields = ("name", "slug")
    prepopulated_fields: ClassVar = {"slug": ("name",)}

    @admin.display(description=_("topics"))
    def topic_list(self, team: Team) -> str:
        return ", ".join(team.topics)


@admin.register(AgentProfile)
class AgentProfileAdmin(ModelAdmin):
    list_display = ("name", "user", "availability", "seen_at", "capacity", "takes_automatically")
    list_filter = ("availability", "teams", "takes_automatically")
    search_fields = ("name", "user__username", "user__first_name", "user__last_name")
    search_help_text = _("A name, or the name that somebody logs in with.")
    list_select_related = ("user",)
    autocomplete_fields = ("user", "teams")
    readonly_fields = ("availability", "seen_at", "assigned_at")


@admin.register(CannedReply)
class CannedReplyAdmin(ModelAdmin):
    list_display = ("shortcut", "title", "language", "team", "owner", "updated_at")
    list_filter = ("team", "language")
    search_fields = ("shortcut", "title", "body")
    list_select_related = ("team", "owner")
    autocomplete_fields = ("team", "owner")


@admin.register(OpeningHours)
class OpeningHoursAdmin(ModelAdmin):
    list_display = ("weekday", "opens", "closes")
    list_filter = ("weekday",)


@admin.register(Holiday)
class HolidayAdmin(ModelAdmin):
    list_display = ("date", "name")
    search_fields = ("name",)
    date_hierarchy = "date"


@admin.register(SlaPolicy)
class SlaPolicyAdmin(ModelAdmin):
    list_display = ("priority", "first_response", "next_response", "resolution")


@admin.register(Escalation)
class EscalationAdmin(ReadOnlyAdmin):
    list_display = ("opened_at", "reason", "priority", "state", "agent", "topic", "said_in")
    list_filter = ("state", "reason", "opened_at")
    search_fields = ("id__exact", "conversation__id__exact")
    word_path = "conversation"
    list_select_related = ("agent",)
    readonly_fields = ("said_in", "turn_link")
    exclude = ("conversation", "turn")

    @admin.display(description=_("conversation"))
    def said_in(self, escalation: Escalation) -> SafeString | str:
        key = escalation.conversation_id
        return link_to("conversation", key, str(key)[:8])

    @admin.display(description=_("turn"))
    def turn_link(self, escalation: Escalation) -> SafeString | str:
        return link_to("turn", escalation.turn_id, str(escalation.turn_id)[:8])


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "action", "actor", "said_in", "details")
    list_filter = (("action", KnownValues), "at")
    search_fields = ("conversation_id__exact",)
    word_path = "conversation_id"
    list_select_related = ("actor",)

    @admin.display(description=_("conversation"))
    def said_in(self, entry: AuditEntry) -> SafeString | str:
        return link_to("conversation", entry.conversation_id, str(entry.conversation_id)[:8])


@admin.register(Note)
class NoteAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "author", "words", "said_in")
    ordering = ("-created_at",)
    search_fields = ("conversation__id__exact",)
    word_path = "conversation"
    list_select_related = ("author",)

    @admin.display(description=_("text"))
    def words(self, note: Note) -> str:
        return beginning(note.text)

    @admin.display(description=_("conversation"))
    def said_in(self, note: Note) -> SafeString | str:
        return link_to("conversation", note.conversation_id, str(note.conversation_id)[:8])


@admin.register(ResolutionSurvey)
class ResolutionSurveyAdmin(ReadOnlyAdmin):
    list_display = ("asked_at", "solved", "score", "comment", "said_in")
    list_filter = ("solved", "asked_at")
    search_fields = ("conversation__id__exact",)
    word_path = "conversation"

    @admin.display(description=_("conversation"))
    def said_in(self, survey: ResolutionSurvey) -> SafeString | str:
        return link_to("conversation", survey.conversation_id, str(survey.conversation_id)[:8])
