"""Teams and the people who work at the desk: what they can do, and whether they are there."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Team(models.Model):
    """People who share a queue. An escalation of no team is everybody's."""

    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(_("slug"), max_length=80)
    topics = ArrayField(
        models.CharField(max_length=80),
        verbose_name=_("topics"),
        default=list,
        blank=True,
        help_text=_("Escalations with one of these topics go to this team."),
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["slug"], name="team_slug_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class AgentQuerySet(models.QuerySet["AgentProfile"]):
    def online(self, *, now: datetime, seconds: float) -> "AgentQuerySet":
        """Those who say that they are there and whose page was heard in the last `seconds`."""
        return self.filter(
            availability=AgentProfile.Availability.ONLINE,
            seen_at__gte=now - timedelta(seconds=seconds),
            user__is_active=True,
        )


class AgentProfile(models.Model):
    """What the desk knows of a user who works there. `name` is what customers read."""

    class Availability(models.TextChoices):
        ONLINE = "online", _("online")
        AWAY = "away", _("away")
        OFFLINE = "offline", _("offline")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="agent_profile",
        verbose_name=_("user"),
    )
    name = models.CharField(
        _("name"), max_length=80, blank=True, help_text=_("What customers read beside the words.")
    )
    teams = models.ManyToManyField(Team, related_name="members", blank=True)
    skills = ArrayField(
        models.CharField(max_length=80), verbose_name=_("skills"), default=list, blank=True
    )
    languages = ArrayField(
        models.CharField(max_length=12), verbose_name=_("languages"), default=list, blank=True
    )
    capacity = models.PositiveSmallIntegerField(_("conversations at once"), default=4)
    takes_automatically = models.BooleanField(_("is given conversations"), default=False)
    availability = models.CharField(
        _("availability"),
        max_length=8,
        choices=Availability.choices,
        default=Availability.OFFLINE,
    )
    #: What the agent is again when the desk is opened; empty after "offline" was chosen by hand.
    returns_as = models.CharField(
        max_length=8, choices=Availability.choices, default=Availability.ONLINE, blank=True,
        editable=False,
    )  # fmt: skip
    seen_at = models.DateTimeField(_("last heard"), null=True, blank=True)
    assigned_at = models.DateTimeField(_("last given a conversation"), null=True, blank=True)

    objects = AgentQuerySet.as_manager()

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(availability="online") | Q(seen_at__isnull=False),
                name="agent_online_was_seen",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.user.get_full_name() or self.user.get_username()
