"""An escalation: a conversation that needs a person. One open one per conversation."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from conversations.models.conversation import Conversation
from conversations.models.rules import EscalationRule
from conversations.models.staff import Team
from conversations.models.turn import Turn


class EscalationQuerySet(models.QuerySet["Escalation"]):
    def open(self) -> "EscalationQuerySet":
        return self.filter(state__in=Escalation.OPEN)

    def waiting(self) -> "EscalationQuerySet":
        return self.filter(state=Escalation.State.WAITING).order_by("-priority", "opened_at")

    def ended(self) -> "EscalationQuerySet":
        return self.filter(state__in=["resolved", "withdrawn"])


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
        RULE = "rule", _("rule")
        SLA_BREACH = "sla_breach", _("promised time was missed")
        REOPENED = "reopened", _("the customer wrote again")
        NOT_SOLVED = "not_solved", _("the customer says it is not solved")

    OPEN = ("waiting", "claimed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="escalations", verbose_name=_("conversation")
    )
    turn = models.ForeignKey(
        Turn, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("turn")
    )
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices)
    rule = models.ForeignKey(
        EscalationRule,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("rule that acted"),
    )
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
    team = models.ForeignKey(
        Team,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="escalations",
        verbose_name=_("team"),
    )
    preferred_agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("preferred agent"),
    )
    topic = models.CharField(_("topic"), max_length=80, blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)
    supervisor = models.BooleanField(_("a supervisor is asked"), default=False)
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened"))
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    first_claimed_at = models.DateTimeField(_("first claimed"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    # promises: since when the customer waits for a person's word, and by when it is due
    awaiting_since = models.DateTimeField(_("customer waits since"), null=True, blank=True)
    agent_wrote_at = models.DateTimeField(_("agent wrote last"), null=True, blank=True)
    first_response_at = models.DateTimeField(_("first response"), null=True, blank=True)
    first_response_due = models.DateTimeField(_("first response due"), null=True, blank=True)
    next_response_due = models.DateTimeField(_("next response due"), null=True, blank=True)
    resolution_due = models.DateTimeField(_("resolution due"), null=True, blank=True)
    breaches = ArrayField(
        models.CharField(max_length=20), verbose_name=_("missed promises"), default=list, blank=True
    )
    expected_wait = models.PositiveIntegerField(
        _("wait that was named (seconds)"), null=True, blank=True
    )

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
            models.CheckConstraint(
                condition=~Q(state="waiting") | Q(agent__isnull=True),
                name="escalation_waiting_has_no_agent",
            ),
            models.CheckConstraint(
                condition=Q(snoozed_until__isnull=True) | Q(state="claimed"),
                name="escalation_snoozed_is_claimed",
            ),
            models.CheckConstraint(
                condition=Q(priority__gte=1, priority__lte=5), name="escalation_priority_in_range"
            ),
        ]
        permissions: ClassVar = [
            ("work_desk", _("Can work at the desk")),
            ("see_all_teams", _("Can see the conversations of all teams")),
            ("manage_others", _("Can release and transfer what others hold")),
            ("share_desk_tools", _("Can share views and canned replies")),
            ("read_audit", _("Can read the audit log")),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["-priority", "opened_at"],
                condition=Q(state="waiting"),
                name="escalation_queue",
            ),
            models.Index(
                fields=["agent", "state"],
                condition=Q(state__in=["waiting", "claimed"]),
                name="escalation_open_by_agent",
            ),
            models.Index(fields=["-ended_at"], name="escalation_ended"),
            models.Index(fields=["agent_wrote_at"], name="escalation_agent_wrote"),
            models.Index(fields=["-opened_at"], name="escalation_recent"),
            models.Index(fields=["state", "-opened_at"], name="escalation_state_recent"),
            models.Index(fields=["reason", "-opened_at"], name="escalation_reason_recent"),
            models.Index(fields=["-first_claimed_at"], name="escalation_first_claimed"),
        ]

    def __str__(self) -> str:
        return f"{self.reason} {self.state}"
