"""An escalation: a conversation that needs a person. One open one per conversation."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from conversations.models.conversation import Conversation
from conversations.models.turn import Turn


class EscalationQuerySet(models.QuerySet["Escalation"]):
    def open(self) -> "EscalationQuerySet":
        return self.filter(state__in=Escalation.OPEN)

    def waiting(self) -> "EscalationQuerySet":
        return self.filter(state=Escalation.State.WAITING).order_by("-priority", "opened_at")


class Escalation(models.Model):
    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        CLAIMED = "claimed", _("claimed")
        RESOLVED = "resolved", _("resolved")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Reason(models.TextChoices):
        ASKED_FOR_PERSON = "asked_for_person", _("asked for a person")
        NOT_SURE = "not_sure", _("not sure")
        NO_ARTICLE = "no_article", _("no article")
        CLARIFY_FAILED = "clarify_failed", _("clarification failed")
        COMPLAINT = "complaint", _("complaint")
        RISK = "risk", _("risk words")
        FAULT = "fault", _("technical fault")

    OPEN = ("waiting", "claimed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="escalations", verbose_name=_("conversation")
    )
    turn = models.ForeignKey(
        Turn, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("turn")
    )
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices)
    priority = models.PositiveSmallIntegerField(_("priority"), default=2)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WAITING
    )
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="escalations",
        verbose_name=_("agent"),
    )
    opened_at = models.DateTimeField(_("opened"))
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = EscalationQuerySet.as_manager()

    class Meta:
        verbose_name = _("escalation")
        verbose_name_plural = _("escalations")
        ordering: ClassVar = ["-opened_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(state__in=["waiting", "claimed"]),
                name="escalation_one_open_per_conversation",
            ),
            models.CheckConstraint(
                condition=~Q(state="claimed") | Q(agent__isnull=False, claimed_at__isnull=False),
                name="escalation_claimed_has_agent",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["resolved", "withdrawn"]) | Q(ended_at__isnull=False),
                name="escalation_ended_has_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["-priority", "opened_at"],
                condition=Q(state="waiting"),
                name="escalation_queue",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason} {self.state}"
