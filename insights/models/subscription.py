"""Who wants the morning brief by e-mail, and which mornings went out."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class BriefSubscription(models.Model):
    """Opt-in: a person asks for it and takes it back on the brief's page.

    `sent_for` is the last morning that was sent; taking a morning is one conditional UPDATE, so
    that no morning goes out twice.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="morning_brief"
    )
    since = models.DateTimeField(_("since"))
    sent_for = models.DateField(_("last morning sent"), null=True, blank=True)

    class Meta:
        verbose_name = _("morning brief by e-mail")
        verbose_name_plural = _("morning briefs by e-mail")
        ordering: ClassVar = ["since"]

    def __str__(self) -> str:
        return str(self.user)
