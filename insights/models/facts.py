"""Fact rows: what the record says of one conversation, turn or hand-over, ready to be counted.

They are computed from the record alone (insights/ledger) and may be thrown away and rebuilt. The
database deletes them with their conversation and marks their hour for the rollup (migration 0002).
"""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation, Escalation, Turn


class Outcome(models.TextChoices):
    """How a conversation ended. Silence is an outcome of its own, never a success."""

    EMPTY = "empty", _("nothing was said")
    OPEN = "open", _("still open")
    CONFIRMED = "confirmed", _("confirmed by the customer")
    SILENT = "silent", _("left without a word")
    REJECTED = "rejected", _("customer said no")
    RECONTACTED = "recontacted", _("customer came back within 7 days")
    HUMAN_RESOLVED = "human_resolved", _("resolved by a person")
    UNSERVED = "unserved", _("handed over, nobody resolved it")


class Dimensions(models.Model):
    """What every fact can be grouped by."""

    at = models.DateTimeField(_("time"))
    topic = models.CharField(_("topic"), max_length=80, default="")
    language = models.CharField(_("language"), max_length=12, default="")
    channel = models.CharField(_("channel"), max_length=20, default="")
    demo = models.BooleanField(_("demonstration"), default=False)

    class Meta:
        abstract = True


class ConversationFact(Dimensions):
    conversation = models.OneToOneField(
        Conversation, models.CASCADE, primary_key=True, related_name="fact"
    )
    person = models.UUIDField(null=True)
    last_at = models.DateTimeField()
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome.choices)
    messages = models.PositiveIntegerField()
    answers = models.PositiveIntegerField()
    escalated = models.BooleanField()
    served = models.BooleanField()
    reason = models.CharField(max_length=20, default="")
    agent = models.CharField(max_length=150, default="")
    team = models.CharField(max_length=80, default="")
    first_response_s = models.PositiveIntegerField(null=True)
    resolution_s = models.PositiveIntegerField(null=True)
    agent_s = models.PositiveIntegerField(default=0)
    thumb = models.SmallIntegerField(null=True)
    solved = models.CharField(max_length=8, default="")
    csat = models.PositiveSmallIntegerField(null=True)
    recontact_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("conversation in the ledger")
        verbose_name_plural = _("resolution ledger")
        indexes: ClassVar = [
            models.Index(  # with what different people are counted by, so that no row is visited
                fields=["at"],
                include=["person", "outcome", "channel", "language", "topic"],
                name="conversationfact_at_people",
            ),
            models.Index(
                fields=["person", "topic", "at"],
                condition=models.Q(person__isnull=False),
                name="conversationfact_person",
            ),
            models.Index(
                fields=["last_at"],
                condition=models.Q(outcome="open"),
                name="conversationfact_open",
            ),
        ]


class TurnFact(Dimensions):
    turn = models.OneToOneField(Turn, models.CASCADE, primary_key=True, related_name="fact")
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10)  # answer, clarify, escalate, courtesy
    reason = models.CharField(max_length=40, default="")
    tier = models.CharField(max_length=20, default="")
    model = models.CharField(max_length=120, default="")
    article = models.BigIntegerField(null=True)
    confidence = models.FloatField(null=True)
    failed = models.BooleanField(default=False)
    stopped = models.BooleanField(default=False)
    cached = models.BooleanField(default=False)
    queue_ms = models.PositiveIntegerField(null=True)
    search_ms = models.PositiveIntegerField(null=True)
    write_ms = models.PositiveIntegerField(null=True)
    first_token_ms = models.PositiveIntegerField(null=True)
    reply_ms = models.PositiveIntegerField(null=True)
    busy_ms = models.PositiveIntegerField(null=True)
    tokens = models.PositiveIntegerField(default=0)
    helped = models.BooleanField(null=True)  # after asking back: was the next turn answered
    verdict = models.CharField(max_length=16, default="")
    thumb = models.SmallIntegerField(null=True)
    theme = models.CharField(max_length=12, null=True)  # noqa: DJ001  # None: not yet looked at

    class Meta:
        verbose_name = _("turn in figures")
        verbose_name_plural = _("turns in figures")
        indexes: ClassVar = [
            models.Index(fields=["at"], name="turnfact_at"),
            models.Index(
                fields=["at"], condition=~models.Q(verdict=""), name="turnfact_reviewed_at"
            ),
            models.Index(
                fields=["at"], condition=models.Q(theme=None), name="turnfact_without_theme"
            ),
        ]


class EscalationFact(Dimensions):
    escalation = models.OneToOneField(
        Escalation, models.CASCADE, primary_key=True, related_name="fact"
    )
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="+")
    reason = models.CharField(max_length=20)
    state = models.CharField(max_length=10)
    agent = models.CharField(max_length=150, default="")
    team = models.CharField(max_length=80, default="")
    wait_s = models.PositiveIntegerField(null=True)
    handle_s = models.PositiveIntegerField(null=True)
    promised = models.BooleanField(default=False)
    kept = models.BooleanField(null=True)
    csat = models.PositiveSmallIntegerField(null=True)

    class Meta:
        verbose_name = _("hand-over in figures")
        verbose_name_plural = _("hand-overs in figures")
        indexes: ClassVar = [models.Index(fields=["at"], name="escalationfact_at")]
