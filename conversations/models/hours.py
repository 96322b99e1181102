"""When the desk is open, and what is promised: opening hours, holidays and SLA times."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class OpeningHours(models.Model):
    """A stretch of a weekday in the portal's time zone. Without any row the desk never closes."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering: ClassVar = ["weekday", "opens"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")), name="hours_close_after_opening"
            ),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="hours_weekday_exists"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}-{self.closes:%H:%M}"


class Holiday(models.Model):
    """A day on which the desk stays closed."""

    date = models.DateField(_("date"), unique=True)
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering: ClassVar = ["date"]

    def __str__(self) -> str:
        return self.name


class SlaPolicy(models.Model):
    """Promised times of one priority, in minutes of opening time. Missing rows have defaults."""

    priority = models.PositiveSmallIntegerField(_("priority"), unique=True)
    first_response = models.PositiveIntegerField(_("first response (minutes)"))
    next_response = models.PositiveIntegerField(_("next response (minutes)"))
    resolution = models.PositiveIntegerField(_("resolution (minutes)"))

    class Meta:
        verbose_name = _("SLA times")
        verbose_name_plural = _("SLA times")
        ordering: ClassVar = ["-priority"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(priority__gte=1, priority__lte=5), name="sla_priority_in_range"
            ),
        ]

    def __str__(self) -> str:
        return str(self.priority)
