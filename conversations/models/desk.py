"""What people keep at the desk: notes, drafts, canned replies, views, follows, surveys, the log."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from conversations.models.conversation import Conversation
from conversations.models.escalation import Escalation
from conversations.models.staff import Team


class Note(models.Model):
    """An internal note. It is no event of the conversation, so no customer's socket can show it."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="notes", verbose_name=_("conversation")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("author")
    )
    text = models.TextField(_("text"))
    mentions = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering: ClassVar = ["created_at", "id"]
        indexes: ClassVar = [models.Index(fields=["-created_at"], name="note_recent")]

    def __str__(self) -> str:
        return f"note {self.pk}"


class AgentDraft(models.Model):
    """What an agent has typed and not sent, one a conversation."""

    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="drafts")
    text = models.TextField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["agent", "conversation"], name="draft_one_per_agent_and_conversation"
            ),
        ]

    def __str__(self) -> str:
        return f"draft {self.pk}"


class CannedReply(models.Model):
    """A ready reply with variables, called by its shortcut."""

    shortcut = models.SlugField(_("shortcut"), max_length=40)
    title = models.CharField(_("title"), max_length=120)
    body = models.TextField(_("text"))
    language = models.CharField(_("language"), max_length=12, blank=True)
    team = models.ForeignKey(
        Team, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("team")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("owner"),
    )
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("canned reply")
        verbose_name_plural = _("canned replies")
        ordering: ClassVar = ["shortcut"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shortcut"], name="canned_shortcut_unique"),
        ]

    def __str__(self) -> str:
        return self.shortcut


class SavedView(models.Model):
    """A named set of queue filters; shared ones are everybody's."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    filters = models.JSONField(default=dict)
    shared = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "name"], name="view_name_unique_for_owner"),
        ]

    def __str__(self) -> str:
        return self.name


class Follow(models.Model):
    """An agent who wants to hear of a conversation that somebody else holds."""

    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="followers")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["agent", "conversation"], name="follow_once_per_conversation"
            ),
        ]

    def __str__(self) -> str:
        return f"follow {self.pk}"


class ResolutionSurvey(models.Model):
    """The two questions after a person resolved: was it solved, and how was it."""

    class Solved(models.TextChoices):
        YES = "yes", _("yes")
        NO = "no", _("no")
        NOT_YET = "not_yet", _("not yet")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    escalation = models.OneToOneField(
        Escalation, models.CASCADE, related_name="survey", verbose_name=_("escalation")
    )
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="surveys", verbose_name=_("conversation")
    )
    solved = models.CharField(_("solved"), max_length=8, choices=Solved.choices, blank=True)
    score = models.PositiveSmallIntegerField(_("satisfaction"), null=True, blank=True)
    comment = models.TextField(_("comment"), blank=True)
    asked_at = models.DateTimeField(_("asked"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        ordering: ClassVar = ["-asked_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__gte=1, score__lte=5),
                name="survey_score_from_1_to_5",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-asked_at"], name="survey_recent")]

    def __str__(self) -> str:
        return f"survey {self.solved or 'open'}"


class AuditEntry(models.Model):
    """One thing that was done at the desk. Append-only: a trigger refuses changes (migration).

    Ids instead of foreign keys to what may be erased, and never a text: erasing a customer
    leaves the log whole. It is also the desk's event stream; the id is its cursor.
    """

    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("actor"),
    )
    action = models.CharField(_("action"), max_length=40)
    conversation_id = models.UUIDField(_("conversation"), null=True, blank=True)
    escalation_id = models.UUIDField(_("escalation"), null=True, blank=True)
    details = models.JSONField(_("details"), default=dict, blank=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["conversation_id", "id"], name="audit_of_conversation"),
            models.Index(fields=["action", "-id"], name="audit_by_action"),
        ]

    def __str__(self) -> str:
        return self.action
