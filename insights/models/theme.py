"""A cluster of questions, as far as it has been read."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from pgvector.django import VectorField

DIMENSIONS = 384


class Theme(models.Model):
    """`total` is the sum of its questions' vectors, `words` in how many of them each word stands.

    No text of a customer is kept here: a word becomes part of the name only when several
    questions hold it.
    """

    name = models.CharField(_("name"), max_length=160, blank=True)
    embedder = models.CharField(max_length=80)
    total = VectorField(dimensions=DIMENSIONS)
    size = models.PositiveIntegerField(_("questions"))
    words = models.JSONField(default=dict)
    first_at = models.DateTimeField(_("first asked"))

    class Meta:
        verbose_name = _("theme")
        verbose_name_plural = _("themes")
        ordering: ClassVar = ["-size", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(size__gte=1), name="theme_has_questions"),
        ]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"
