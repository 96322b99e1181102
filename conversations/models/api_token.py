"""Keys of programs that use the REST interface, and the answers that they may ask for again."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from conversations.models.conversation import Conversation


class Scope(models.TextChoices):
    """What a token may do. Nothing is implied: writing does not include reading."""

    CONVERSATIONS_READ = "conversations:read", _("read conversations, messages and turns")
    CONVERSATIONS_WRITE = "conversations:write", _("open conversations and write as the customer")
    ARTICLES_READ = "articles:read", _("read articles, drafts and revisions")
    ARTICLES_WRITE = "articles:write", _("write, publish and archive articles")
    ESCALATIONS_READ = "escalations:read", _("read escalations")
    AGENTS_READ = "agents:read", _("read who is at the desk")
    INSIGHTS_READ = "insights:read", _("read figures and ask for them")
    SYSTEM_READ = "system:read", _("read which models and services are well")


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self, *, now: datetime) -> "ApiTokenQuerySet":
        """Neither revoked nor over."""
        alive = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
        return self.filter(alive, revoked_at__isnull=True)


class ApiToken(models.Model):
    """A program's key. The key itself is shown once; its hash and its beginning are kept."""

    name = models.CharField(
        _("name"), max_length=80, help_text=_("Which program uses it, and for what.")
    )
    beginning = models.CharField(_("begins with"), max_length=16, editable=False)
    token_hash = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(
        models.CharField(max_length=40, choices=Scope.choices), verbose_name=_("may")
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    expires_at = models.DateTimeField(_("ends"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["token_hash"], name="api_token_hash_unique"),
            models.CheckConstraint(condition=~Q(scopes=[]), name="api_token_may_do_something"),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("created_at")),
                name="api_token_ends_after_its_making",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.beginning}…)"


class IdempotentAnswer(models.Model):
    """What a write under an `Idempotency-Key` answered; made in the write's own transaction.

    `caller` is who asked, `fingerprint` a hash of method, address and body. A conversation's
    answers go when it goes.
    """

    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, null=True, blank=True, related_name="+"
    )
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["caller", "key"], name="idempotent_answer_once_a_key"),
        ]

    def __str__(self) -> str:
        return f"{self.caller} {self.status}"
