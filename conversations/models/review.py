"""A reviewer's verdict on one turn. It feeds calibration, the cache and article drafts."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models.knowledge import Article
from conversations.models.turn import Turn


class Review(models.Model):
    class Verdict(models.TextChoices):
        RIGHT = "right", _("right")
        PARTLY = "partly", _("partly right")
        WRONG = "wrong", _("wrong")
        UNSAFE = "unsafe", _("unsafe")
        SHOULD_ESCALATE = "should_escalate", _("should have escalated")
        SHOULD_ANSWER = "should_answer", _("should have answered")

    turn = models.ForeignKey(Turn, models.CASCADE, related_name="reviews", verbose_name=_("turn"))
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="reviews", verbose_name=_("reviewer")
    )
    verdict = models.CharField(_("verdict"), max_length=16, choices=Verdict.choices)
    reason = models.TextField(_("reason"), blank=True)
    right_article = models.ForeignKey(
        Article,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("right article"),
    )
    right_answer = models.TextField(_("right answer"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["turn", "reviewer"], name="review_one_per_reviewer"),
        ]

    def __str__(self) -> str:
        return self.verdict
