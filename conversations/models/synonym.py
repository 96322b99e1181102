"""Words that customers use and the words that the help centre uses for them."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Synonym(models.Model):
    """A customer's word, and what to search for beside it. It works in one direction."""

    term = models.CharField(
        _("customers say"), max_length=80, help_text=_("A word or a few, in lower case: couch.")
    )
    words = ArrayField(
        models.CharField(max_length=80),
        size=8,
        verbose_name=_("articles say"),
        help_text=_("Words of your articles for the same thing, comma separated: sofa."),
    )
    language = models.CharField(
        _("language"), max_length=12, blank=True, help_text=_("Empty: in every language.")
    )
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("synonym")
        verbose_name_plural = _("synonyms")
        ordering: ClassVar = ["term", "language"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["term", "language"], name="synonym_term_unique"),
            models.CheckConstraint(condition=~Q(term=""), name="synonym_term_says_something"),
            models.CheckConstraint(condition=~Q(words=[]), name="synonym_words_say_something"),
        ]

    def __str__(self) -> str:
        return self.term
