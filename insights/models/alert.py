"""Rules that name a measure and the value at which the morning brief speaks up."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


class AlertRule(models.Model):
    class Side(models.TextChoices):
        ABOVE = "above", _("above")
        BELOW = "below", _("below")

    measure = models.CharField(_("measure"), max_length=40)
    side = models.CharField(_("when it is"), max_length=5, choices=Side.choices)
    limit = models.FloatField(_("limit"), help_text=_("Shares as 0 to 1, times in seconds."))
    days = models.PositiveSmallIntegerField(_("over the last days"), default=1)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")
        ordering: ClassVar = ["measure"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(days__gte=1, days__lte=90), name="alert_days_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.side} {self.limit:g}"

    def clean(self) -> None:
        if not self.measure:
            raise ValidationError({"measure": _("Name a measure of the catalogue.")})
