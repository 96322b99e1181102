"""The desk in the admin: people, teams, hours and promises are edited; what happened is read."""

from typing import ClassVar

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from conversations.admin.history import ReadOnlyAdmin
from conversations.admin.typed import ModelAdmin
from conversations.models import (
    AgentProfile,
    AuditEntry,
    CannedReply,
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


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "action", "actor", "conversation_id", "details")
    list_filter = ("action", "at")
    search_fields = ("conversation_id__exact", "actor__username")
    search_help_text = _("A conversation's id, or the name of who did it.")
    list_select_related = ("actor",)
    show_full_result_count = False


@admin.register(Note)
class NoteAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "author", "beginning", "conversation")
    search_fields = ("text", "conversation__id__exact")
    list_select_related = ("author", "conversation")

    @admin.display(description=_("text"))
    def beginning(self, note: Note) -> str:
        return note.text[:100]


@admin.register(ResolutionSurvey)
class ResolutionSurveyAdmin(ReadOnlyAdmin):
    list_display = ("asked_at", "solved", "score", "comment", "conversation")
    list_filter = ("solved", "score", "asked_at")
    search_fields = ("comment", "conversation__id__exact")
    list_select_related = ("conversation",)
