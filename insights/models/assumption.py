"""What the savings are reckoned with and nobody can measure: dated, with a range and a source."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Assumption(models.Model):
    """The value of one assumption from a day on. A new day gets a new row; the past stays."""

    class Key(models.TextChoices):
        AGENT_HOUR = "agent_hour", _("cost of an agent's hour")
        PARALLEL = "parallel", _("conversations an agent handles at once")
        HOSTING_MONTH = "hosting_month", _("hosting and GPU, a month")
        REVIEW_MINUTES = "review_minutes", _("minutes to review one answer")
        WRONG_COST = "wrong_cost", _("cost of one wrong answer")
        SILENT_SOLVED = "silent_solved", _("share of silent conversations that were solved")

    key = models.CharField(_("assumption"), max_length=20, choices=Key.choices)
    from_date = models.DateField(_("valid from"))
    value = models.DecimalField(_("value"), max_digits=12, decimal_places=2)
    low = models.DecimalField(_("lowest plausible"), max_digits=12, decimal_places=2)
    high = models.DecimalField(_("highest plausible"), max_digits=12, decimal_places=2)
    source = models.CharField(
        _("where it comes from"), max_length=300, help_text=_("Shown beside the result.")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("entered by"),
    )
    created_at = models.DateTimeField(_("entered"), auto_now_add=True)

    class Meta:
        verbose_name = _("assumption")
        verbose_name_plural = _("assumptions")
        ordering: ClassVar = ["key", "-from_date"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "from_date"], name="assumption_one_a_day"),
            models.CheckConstraint(
                condition=Q(low__lte=F("value"), value__lte=F("high"), low__gte=0),
                name="assumption_value_in_its_range",
            ),
            models.CheckConstraint(
                condition=~Q(key="silent_solved") | Q(high__lte=1),
                name="assumption_share_is_at_most_one",
            ),
            models.CheckConstraint(
                condition=~Q(key="parallel") | Q(low__gte=1), name="assumption_parallel_from_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_key_display()}: {self.value}"
