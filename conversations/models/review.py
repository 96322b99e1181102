"""Review: which turns are looked at and why, what was judged, and every change of a judgement.

A verdict feeds the calibration, the cache of answers and article drafts.
"""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from conversations.models.knowledge import Article
from conversations.models.turn import Turn


class Review(models.Model):
    """One person's verdict on one turn, as it stands now."""

    class Verdict(models.TextChoices):
        RIGHT = "right", _("right")
        PARTLY = "partly", _("partly right")
        WRONG = "wrong", _("wrong")
        UNSAFE = "unsafe", _("unsafe")
        SHOULD_ESCALATE = "should_escalate", _("should have escalated")
        SHOULD_ANSWER = "should_answer", _("should have answered")

    class Code(models.TextChoices):
        WRONG_ARTICLE = "wrong_article", _("wrong article")
        OUTDATED = "outdated", _("article is out of date")
        INCOMPLETE = "incomplete", _("left something out")
        NOT_IN_ARTICLE = "not_in_article", _("not in the article")
        MISUNDERSTOOD = "misunderstood", _("question misunderstood")
        NO_ARTICLE = "no_article", _("no article says it")
        TONE = "tone", _("tone")
        OTHER = "other", _("something else")

    turn = models.ForeignKey(Turn, models.CASCADE, related_name="reviews", verbose_name=_("turn"))
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="reviews", verbose_name=_("reviewer")
    )
    verdict = models.CharField(_("verdict"), max_length=16, choices=Verdict.choices)
    code = models.CharField(_("reason"), max_length=16, choices=Code.choices, blank=True)
    reason = models.TextField(_("note"), blank=True)
    right_article = models.ForeignKey(
        Article,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("right article"),
    )
    right_answer = models.TextField(_("right answer"), blank=True)
    draft = models.ForeignKey(
        Article,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("article draft"),
        help_text=_("Made from the right answer."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("verdict")
        verbose_name_plural = _("verdicts")
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["turn", "reviewer"], name="review_one_per_reviewer"),
        ]
        indexes: ClassVar = [models.Index(fields=["-created_at"], name="review_recent")]

    def __str__(self) -> str:
        return self.verdict


class ReviewChange(models.Model):
    """One change of a verdict: who, when, what it was and what it became. Only ever added to.

    `before` and `after` are the verdict's fields, empty where there was or is none. `cache` is
    what the change did to cached answers, so that it can be taken back.
    """

    turn = models.ForeignKey(
        Turn, models.CASCADE, related_name="review_changes", verbose_name=_("turn")
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who")
    )
    at = models.DateTimeField(_("at"))
    before = models.JSONField(_("before"), default=dict, blank=True)
    after = models.JSONField(_("after"), default=dict, blank=True)
    cache = models.JSONField(default=dict, blank=True, editable=False)
    undoes = models.OneToOneField(
        "self", models.CASCADE, null=True, blank=True, related_name="undone_by"
    )

    class Meta:
        verbose_name = _("change of a verdict")
        verbose_name_plural = _("changes of verdicts")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["-at"], name="review_change_recent"),
            models.Index(fields=["actor", "-id"], name="review_change_by_actor"),
        ]

    def __str__(self) -> str:
        return f"change {self.pk}"


class ReviewDraw(models.Model):
    """One week's random sample, with all that is needed to draw it again and to weigh it."""

    week = models.DateField(_("week"), help_text=_("Its Monday."))
    seed = models.PositiveBigIntegerField(_("seed"))
    population = models.PositiveIntegerField(_("turns of the week"))
    size = models.PositiveIntegerField(_("drawn"))
    strata = models.JSONField(_("strata"), default=list)
    drawn_at = models.DateTimeField(_("drawn at"))

    class Meta:
        verbose_name = _("weekly sample")
        verbose_name_plural = _("weekly samples")
        ordering: ClassVar = ["-week"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["week"], name="review_draw_once_a_week"),
            models.CheckConstraint(
                condition=Q(size__lte=models.F("population")),
                name="review_draw_not_above_population",
            ),
        ]

    def __str__(self) -> str:
        return str(self.week)


class ReviewItem(models.Model):
    """A turn in the review queue, with the reasons why it is there."""

    class Why(models.TextChoices):
        FLAGGED = "flagged", _("flagged by an agent")
        COMPLAINT = "complaint", _("complaint")
        SAMPLE = "sample", _("weekly sample")
        THUMBS_DOWN = "thumbs_down", _("thumbs down")
        LOW_CONFIDENCE = "low_confidence", _("low confidence")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("judged")
        SKIPPED = "skipped", _("skipped")

    #: The most urgent first; the sample goes before what there may be much of.
    URGENCY: ClassVar = {
        Why.FLAGGED: 5,
        Why.COMPLAINT: 4,
        Why.SAMPLE: 3,
        Why.THUMBS_DOWN: 2,
        Why.LOW_CONFIDENCE: 1,
    }

    turn = models.OneToOneField(
        Turn, models.CASCADE, related_name="review_item", verbose_name=_("turn")
    )
    why = ArrayField(models.CharField(max_length=16, choices=Why.choices), verbose_name=_("why"))
    priority = models.PositiveSmallIntegerField(_("priority"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    topic = models.CharField(_("topic"), max_length=80, blank=True)
    draw = models.ForeignKey(
        ReviewDraw,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="items",
        verbose_name=_("weekly sample"),
    )
    weight = models.FloatField(
        _("weight"), null=True, blank=True, help_text=_("Turns of the week that it stands for.")
    )
    stratum = models.CharField(_("stratum"), max_length=120, blank=True)
    wanted = models.PositiveSmallIntegerField(
        _("verdicts wanted"), default=1, help_text=_("Two for a turn that is judged twice.")
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="review_items",
        verbose_name=_("assigned to"),
    )
    flagged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("flagged by"),
    )
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True)
    added_at = models.DateTimeField(_("added"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("turn to review")
        verbose_name_plural = _("review queue")
        ordering: ClassVar = ["-priority", "added_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(draw__isnull=True, weight__isnull=True)
                | Q(draw__isnull=False, weight__gte=1),
                name="review_item_sampled_has_weight",
            ),
            models.CheckConstraint(condition=~Q(why=[]), name="review_item_says_why"),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True)
                | (~Q(state="open") & Q(closed_at__isnull=False)),
                name="review_item_closed_has_time",
            ),
            models.CheckConstraint(
                condition=Q(wanted__in=[1, 2]), name="review_item_once_or_twice"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["-priority", "added_at", "id"],
                condition=Q(state="open"),
                name="review_queue",
            ),
            models.Index(fields=["-closed_at"], name="review_item_closed"),
        ]

    def __str__(self) -> str:
        return f"review of {self.turn_id}"
