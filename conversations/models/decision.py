"""The limit of wrong answers as people set it, each change a row of its own."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ErrorLimit(models.Model):
    """One change of the limit. Only ever added to; the newest holds.

    Each row names the one that it follows, so that two people who change at once cannot both win.
    `max_error` is empty where the setting PORTAL_MAX_ERROR holds again.
    """

    max_error = models.FloatField(_("share of answers that may be wrong"), null=True, blank=True)
    follows = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="followed_by"
    )
    is_undo = models.BooleanField(_("takes the change before back"), default=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who")
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("limit of wrong answers")
        verbose_name_plural = _("limits of wrong answers")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["follows"], name="error_limit_one_after_another", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(max_error__isnull=True) | Q(max_error__gte=0.001, max_error__lte=0.5),
                name="error_limit_in_range",
            ),
        ]

    def __str__(self) -> str:
        return "–" if self.max_error is None else f"{self.max_error:g}"
