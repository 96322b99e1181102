"""A turn: the assistant's duty to answer, owned by one worker at a time through a fencing epoch.

The broker only wakes a worker; this row says who may write. Every later write carries the epoch.
"""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from conversations.models.conversation import Conversation, Message
from conversations.models.knowledge import Article, Passage


class Turn(models.Model):
    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        WITHDRAWN = "withdrawn", _("withdrawn for a person")

    class Decision(models.TextChoices):
        ANSWER = "answer", _("answer")
        CLARIFY = "clarify", _("clarify")
        ESCALATE = "escalate", _("escalate")

    LIVE = ("queued", "running")
    TAKEN_OVER = "taken_over"  # the reason where a person took over in mid-answer

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="turns", verbose_name=_("conversation")
    )
    question = models.ForeignKey(
        Message, models.CASCADE, related_name="asked_turns", verbose_name=_("question")
    )
    covers_seq = models.PositiveIntegerField(_("covers messages up to"))
    message_id = models.UUIDField(_("id of the reply"), default=uuid.uuid4, editable=False)
    reply = models.OneToOneField(
        Message,
        models.RESTRICT,
        null=True,
        blank=True,
        related_name="turn",
        verbose_name=_("reply"),
    )

    # ownership
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    epoch = models.PositiveIntegerField(_("epoch"), default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_owner = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    worker = models.CharField(
        _("worker"), max_length=120, blank=True, default="", db_default="", editable=False
    )
    deadline_at = models.DateTimeField(_("deadline"))
    rung_at = models.DateTimeField(_("last wake-up"))
    stop_requested = models.BooleanField(_("stop requested"), default=False)

    # outcome
    decision = models.CharField(_("decision"), max_length=8, choices=Decision.choices, blank=True)
    reason = models.CharField(_("reason code"), max_length=40, blank=True)
    confidence = models.FloatField(_("confidence"), null=True, blank=True)
    stopped = models.BooleanField(_("stopped by the customer"), default=False)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    tier = models.CharField(_("tier"), max_length=20, blank=True)
    tiers_tried = models.JSONField(_("tiers tried"), default=list, blank=True)
    model = models.CharField(_("model"), max_length=120, blank=True)
    prompt_tokens = models.PositiveIntegerField(_("prompt tokens"), null=True, blank=True)
    output_tokens = models.PositiveIntegerField(_("output tokens"), null=True, blank=True)
    query = models.TextField(_("search query"), blank=True)
    trace = models.JSONField(_("decision trace"), default=dict, blank=True)

    # timing record
    accepted_at = models.DateTimeField(_("accepted"))
    queued_at = models.DateTimeField(_("queued"), null=True, blank=True)
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    retrieved_at = models.DateTimeField(_("retrieved"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    first_token_at = models.DateTimeField(_("first token"), null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        permissions: ClassVar = [
            ("view_ladder", _("Can see the ladder of rungs")),
            ("operate_ladder", _("Can open and close the breakers of rungs")),
        ]
        ordering: ClassVar = ["-accepted_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(state__in=["queued", "running"]),
                name="turn_one_live_per_conversation",
            ),
            models.UniqueConstraint(fields=["message_id"], name="turn_message_id_unique"),
            models.CheckConstraint(
                condition=~Q(state="running")
                | Q(lease_owner__isnull=False, lease_until__isnull=False),
                name="turn_running_has_lease",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["done", "failed", "withdrawn"]) | Q(done_at__isnull=False),
                name="turn_ended_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["done", "failed"]) | Q(reply__isnull=False),
                name="turn_ended_has_reply",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["rung_at"],
                condition=Q(state__in=["queued", "running"]),
                name="turn_live_by_wakeup",
            ),
            models.Index(fields=["-accepted_at"], name="turn_recent"),
            models.Index(fields=["decision", "-accepted_at"], name="turn_decision_recent"),
            models.Index(fields=["reason", "-accepted_at"], name="turn_reason_recent"),
            models.Index(fields=["tier", "-accepted_at"], name="turn_tier_recent"),
            models.Index(fields=["state", "-accepted_at"], name="turn_state_recent"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class TurnPassage(models.Model):
    """A passage that retrieval gave to a turn, with the scores it had then."""

    turn = models.ForeignKey(Turn, models.CASCADE, related_name="passages", verbose_name=_("turn"))
    rank = models.PositiveSmallIntegerField(_("rank"))
    passage = models.ForeignKey(Passage, models.SET_NULL, null=True, verbose_name=_("passage"))
    article = models.ForeignKey(Article, models.SET_NULL, null=True, verbose_name=_("article"))
    revision = models.PositiveIntegerField(_("revision"))
    vector_score = models.FloatField(_("vector score"), null=True)
    text_score = models.FloatField(_("text score"), null=True)
    score = models.FloatField(_("fused score"))
    in_prompt = models.BooleanField(_("in the prompt"), default=False)

    class Meta:
        verbose_name = _("retrieved passage")
        verbose_name_plural = _("retrieved passages")
        ordering: ClassVar = ["turn", "rank"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["turn", "rank"], name="turn_passage_rank_unique"),
        ]

    def __str__(self) -> str:
        return f"#{self.rank}"


class Citation(models.Model):
    """A source named under a reply. Title and address are kept as the customer saw them."""

    message = models.ForeignKey(
        Message, models.CASCADE, related_name="citations", verbose_name=_("message")
    )
    number = models.PositiveSmallIntegerField(_("number"))
    article = models.ForeignKey(
        Article, models.SET_NULL, null=True, related_name="citations", verbose_name=_("article")
    )
    revision = models.PositiveIntegerField(_("revision"))
    title = models.CharField(_("title"), max_length=300)
    url = models.CharField(_("address"), max_length=500)

    class Meta:
        verbose_name = _("citation")
        verbose_name_plural = _("citations")
        ordering: ClassVar = ["message", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "number"], name="citation_number_unique"),
        ]

    def __str__(self) -> str:
        return self.title
