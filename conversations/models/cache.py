"""Answers that may be given again: to the same question, from the same revisions."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from conversations.models.knowledge import Article
from conversations.models.turn import Turn


class CachedAnswer(models.Model):
    """One answer and the revisions that it was written from. A changed revision makes it void.

    Only questions without a history and without anything personal are kept.
    """

    question = models.CharField(_("question"), max_length=300)
    fingerprint = models.CharField(max_length=64, editable=False)
    article = models.ForeignKey(
        Article, models.CASCADE, related_name="cached_answers", verbose_name=_("first article")
    )
    text = models.TextField(_("answer"))
    citations = models.JSONField(_("citations"))
    tier = models.CharField(_("tier"), max_length=20)
    model = models.CharField(_("model"), max_length=120, blank=True)
    approved = models.BooleanField(_("approved by a reviewer"), default=False)
    turn = models.ForeignKey(
        Turn, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("turn")
    )
    hits = models.PositiveIntegerField(_("given again"), default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("cached answer")
        verbose_name_plural = _("cached answers")
        ordering: ClassVar = ["-approved", "-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["fingerprint", "article", "tier"], name="cached_answer_once_a_rung"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="cached_answer_says_something"),
        ]

    def __str__(self) -> str:
        return self.question
