"""Rules by which supervisors hand conversations to people, whatever the assistant would do."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from conversations.models.staff import Team


class EscalationRule(models.Model):
    """Where all conditions that are given fit, a person is asked. The first rule that fits acts."""

    name = models.CharField(
        _("name"), max_length=80, help_text=_("What agents read beside the conversation.")
    )
    position = models.PositiveSmallIntegerField(
        _("position"), default=100, help_text=_("The lowest comes first.")
    )
    active = models.BooleanField(
        _("in force"),
        default=False,
        help_text=_("Save it without this tick first: the page then shows which messages fit."),
    )
    words = ArrayField(
        models.CharField(max_length=80),
        size=50,
        verbose_name=_("words"),
        default=list,
        blank=True,
        help_text=_(
            "Comma separated; one of them is enough: lawyer, small claims, sue*. A star stands for "
            "any letters; case and accents do not matter."
        ),
    )
    topic = models.CharField(
        _("topic"),
        max_length=80,
        blank=True,
        help_text=_("The shelf of the help centre from which the answer came."),
    )
    language = models.CharField(
        _("language"), max_length=12, blank=True, help_text=_("Its code: nl.")
    )
    customer = models.CharField(
        _("customer"),
        max_length=200,
        blank=True,
        help_text=_("An identity, an e-mail address, or all of a domain: @example.com."),
    )
    priority = models.PositiveSmallIntegerField(
        _("priority"),
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(5)],
        help_text=_("At least this, from 1 to 5. What is more urgent already stays so."),
    )
    team = models.ForeignKey(
        Team,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("team"),
        help_text=_("Empty: the team that has the topic."),
    )
    supervisor = models.BooleanField(_("ask a supervisor"), default=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("escalation rule")
        verbose_name_plural = _("escalation rules")
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(words=[]) | ~Q(topic="") | ~Q(language="") | ~Q(customer=""),
                name="escalation_rule_has_a_condition",
            ),
            models.CheckConstraint(
                condition=Q(priority__gte=1, priority__lte=5),
                name="escalation_rule_priority_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name
