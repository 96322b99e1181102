"""Conversations, their durable events and messages, and what is remembered of them.

An event's `seq` counts up by one in a conversation, without gaps: allocated under the
conversation's row lock (services/events.py) and enforced by a trigger (migration 0002).
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Customer(models.Model):
    """A person known by the host site's signed identity; anonymous customers have no row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    identity = models.CharField(_("identity"), max_length=200)
    display_name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["identity"], name="customer_identity_unique"),
        ]
        indexes: ClassVar = [
            GinIndex(
                SearchVector("display_name", "email", "identity", config="simple"),
                name="customer_words",
            ),
            models.Index(fields=["-created_at"], name="customer_recent"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.identity


class Conversation(models.Model):
    """One customer's thread with the portal. It has one holder at a time."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        WAITING = "waiting", _("waiting for a person")
        WITH_AGENT = "with_agent", _("with an agent")
        RESOLVED = "resolved", _("resolved")
        CLOSED = "closed", _("closed")

    class Holder(models.TextChoices):
        ASSISTANT = "assistant", _("assistant")
        AGENT = "agent", _("agent")
        NOBODY = "nobody", _("nobody")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(
        Customer, models.SET_NULL, null=True, blank=True, verbose_name=_("customer")
    )
    channel = models.CharField(_("channel"), max_length=20, default="web")
    contact_email = models.EmailField(
        _("e-mail for the answer"), blank=True, help_text=_("Left by the customer at the desk.")
    )
    token_hash = models.CharField(max_length=64, editable=False)
    key_since = models.DateTimeField(null=True, editable=False)  # unset: since it was created
    last_token_hash = models.CharField(max_length=64, blank=True, editable=False)
    last_token_until = models.DateTimeField(null=True, editable=False)
    status = models.CharField(
        _("status"), max_length=12, choices=Status.choices, default=Status.OPEN
    )
    holder = models.CharField(
        _("holder"), max_length=10, choices=Holder.choices, default=Holder.ASSISTANT
    )
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="held_conversations",
        verbose_name=_("agent"),
    )
    language = models.CharField(_("language"), max_length=12, blank=True)
    head_seq = models.PositiveIntegerField(_("last sequence number"), default=0)
    summary = models.TextField(_("rolling summary"), blank=True)
    summary_seq = models.PositiveIntegerField(_("summarised up to"), default=0)
    seen_seq = models.PositiveIntegerField(_("seen up to"), default=0, editable=False)
    mailed_seq = models.PositiveIntegerField(_("e-mailed up to"), default=0, editable=False)
    erased_at = models.DateTimeField(_("anonymised"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last activity"), auto_now=True)

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering: ClassVar = ["-updated_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(holder="agent", agent__isnull=False)
                | (~Q(holder="agent") & Q(agent__isnull=True)),
                name="conversation_agent_matches_holder",
            ),
            models.CheckConstraint(
                condition=Q(summary_seq__lte=models.F("head_seq")),
                name="conversation_summary_not_ahead",
            ),
            models.CheckConstraint(
                condition=Q(last_token_hash="") | Q(last_token_until__isnull=False),
                name="conversation_last_key_ends",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-updated_at"], name="conversation_recent"),
            models.Index(fields=["-created_at", "-id"], name="conversation_newest"),
            models.Index(fields=["status", "-updated_at"], name="conversation_status_recent"),
            models.Index(fields=["holder", "-updated_at"], name="conversation_holder_recent"),
            models.Index(fields=["channel", "-updated_at"], name="conversation_channel_recent"),
            models.Index(fields=["language", "-updated_at"], name="conversation_language_recent"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Message(models.Model):
    """What somebody said. Written once; its words do not change after it is announced."""

    class Author(models.TextChoices):
        CUSTOMER = "customer", _("customer")
        ASSISTANT = "assistant", _("assistant")
        AGENT = "agent", _("agent")
        SYSTEM = "system", _("system")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="messages", verbose_name=_("conversation")
    )
    seq = models.PositiveIntegerField(_("sequence number"))
    author = models.CharField(_("author"), max_length=10, choices=Author.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("user")
    )
    client_id = models.UUIDField(_("client id"), null=True, blank=True)
    text = models.TextField(_("text"))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering: ClassVar = ["conversation", "seq"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["conversation", "client_id"], name="message_client_id_unique"
            ),
            models.UniqueConstraint(fields=["conversation", "seq"], name="message_seq_unique"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="message_seq_positive"),
        ]
        indexes: ClassVar = [
            GinIndex(SearchVector("text", config="english"), name="message_words"),
            models.Index(fields=["-created_at"], name="message_recent"),
            models.Index(fields=["author", "-created_at"], name="message_author_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.author} {self.seq}"


class ConversationEvent(models.Model):
    """A durable frame. What a client replays after `seq` is read from here."""

    class Type(models.TextChoices):
        MESSAGE_ACCEPTED = "message.accepted"
        REPLY_DONE = "reply.done"
        STATUS = "conversation.status"
        MESSAGE_POSTED = "message.posted"
        REPLY_WITHDRAWN = "reply.withdrawn"

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=30, choices=Type.choices)
    message = models.ForeignKey(Message, models.CASCADE, null=True, blank=True, related_name="+")
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["conversation", "seq"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="event_seq_unique"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="event_seq_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.seq}"


class MemoryFact(models.Model):
    """A pinned fact of a conversation (order number, product, name), with its source message.

    `origin` says whose word it is; an agent's stands against whatever is read later. An erased
    fact keeps a digest in place of its value, so that the same is not read in again.
    """

    class Origin(models.TextChoices):
        SAID = "said", _("said by the customer")
        CORRECTED = "corrected", _("corrected by the customer")
        AGENT = "agent", _("set by an agent")

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="facts", verbose_name=_("conversation")
    )
    kind = models.CharField(_("kind"), max_length=40)
    value = models.CharField(_("value"), max_length=300)
    source = models.ForeignKey(
        Message, models.SET_NULL, null=True, blank=True, verbose_name=_("source message")
    )
    origin = models.CharField(
        _("origin"), max_length=10, choices=Origin.choices, default=Origin.SAID
    )
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("remembered fact")
        verbose_name_plural = _("remembered facts")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["conversation", "kind", "value"], name="fact_unique_in_conversation"
            ),
            models.CheckConstraint(condition=~Q(value=""), name="fact_says_something"),
        ]

    def __str__(self) -> str:
        return self.kind


class Rating(models.Model):
    """A customer's thumb on one reply; the last one counts."""

    message = models.OneToOneField(
        Message, models.CASCADE, related_name="rating", verbose_name=_("message")
    )
    score = models.SmallIntegerField(
        _("score"), choices=[(1, _("helpful")), (-1, _("not helpful"))]
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(score__in=[-1, 1]), name="rating_score_is_a_thumb"),
        ]
        indexes: ClassVar = [models.Index(fields=["-updated_at"], name="rating_recent")]

    def __str__(self) -> str:
        return f"{self.score:+d}"
