"""Articles with revisions, and the passages that search finds.

Passages belong to the article's current revision; importing again replaces them in one transaction.
"""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from pgvector.django import HnswIndex, VectorField

EMBEDDING_DIMENSIONS = 384


class Section(models.Model):
    """A shelf of the help centre."""

    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    title = models.CharField(_("title"), max_length=120)
    description = models.CharField(_("description"), max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        ordering: ClassVar = ["position", "title"]

    def __str__(self) -> str:
        return self.title


class ArticleQuerySet(models.QuerySet["Article"]):
    def published(self) -> "ArticleQuerySet":
        return self.filter(status=Article.Status.PUBLISHED)


class Article(models.Model):
    """A help article as it stands now; `revision` numbers its text."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        ARCHIVED = "archived", _("archived")

    external_id = models.CharField(_("id"), max_length=200)
    slug = models.SlugField(_("slug"), max_length=200, allow_unicode=True)
    section = models.ForeignKey(
        Section,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="articles",
        verbose_name=_("section"),
    )
    title = models.CharField(_("title"), max_length=300)
    body = models.TextField(_("body (Markdown)"))
    asked_as = ArrayField(
        models.CharField(max_length=300), verbose_name=_("asked as"), default=list, blank=True
    )
    url = models.CharField(
        _("address"), max_length=500, blank=True, help_text=_("Empty: this portal's help centre.")
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.PUBLISHED
    )
    language = models.CharField(_("language"), max_length=12, default="en")
    audience = models.CharField(_("audience"), max_length=40, blank=True)
    product = models.CharField(_("product"), max_length=80, blank=True)
    revision = models.PositiveIntegerField(_("revision"), default=1)
    digest = models.CharField(max_length=64, editable=False)
    #: Words of the whole article (A title, B asked as, D body); filled while it is published.
    search = SearchVectorField(null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        ordering: ClassVar = ["title"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["external_id"], name="article_external_id_unique"),
            models.UniqueConstraint(fields=["slug"], name="article_slug_unique"),
            models.CheckConstraint(condition=Q(revision__gte=1), name="article_revision_positive"),
        ]
        indexes: ClassVar = [
            GinIndex(fields=["search"], fastupdate=False, name="article_search_gin")
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return self.url or reverse("help-article", args=[self.slug])


class ArticleRevision(models.Model):
    """The text of an article at one time; never changed."""

    article = models.ForeignKey(
        Article, models.CASCADE, related_name="revisions", verbose_name=_("article")
    )
    number = models.PositiveIntegerField(_("number"))
    title = models.CharField(_("title"), max_length=300)
    body = models.TextField(_("body (Markdown)"))
    asked_as = ArrayField(
        models.CharField(max_length=300), verbose_name=_("asked as"), default=list, blank=True
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("author")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("article revision")
        verbose_name_plural = _("article revisions")
        ordering: ClassVar = ["article", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["article", "number"], name="revision_number_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.number})"


class Passage(models.Model):
    """A stretch of an article that search finds, with its vector and its words."""

    class Kind(models.TextChoices):
        BODY = "body", _("body")
        TITLE = "title", _("title")
        ASKED_AS = "asked_as", _("asked as")

    article = models.ForeignKey(
        Article, models.CASCADE, related_name="passages", verbose_name=_("article")
    )
    revision = models.PositiveIntegerField(_("revision"))
    ordinal = models.PositiveIntegerField(_("ordinal"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.BODY)
    heading = models.CharField(_("heading"), max_length=300, blank=True)
    text = models.TextField(_("text"))
    #: The text's words without Markdown: what is embedded, searched and weighed.
    plain = models.TextField(default="", editable=False)
    embedding = VectorField(dimensions=EMBEDDING_DIMENSIONS, null=True, editable=False)
    #: States of its tokens, 32 bytes each (retrieval/tokens.py); null where the model tells none.
    tokens = models.BinaryField(null=True, editable=False)
    search = SearchVectorField(null=True, editable=False)

    class Meta:
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        ordering: ClassVar = ["article", "ordinal"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["article", "ordinal"], name="passage_ordinal_unique"),
        ]
        indexes: ClassVar = [
            GinIndex(fields=["search"], fastupdate=False, name="passage_search_gin"),
            HnswIndex(
                name="passage_embedding_hnsw",
                fields=["embedding"],
                m=16,
                ef_construction=64,
                opclasses=["vector_cosine_ops"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.heading} #{self.ordinal}"


class LearntPhrasing(models.Model):
    """A customer's words that a reviewer found an article to answer; searched like its own.

    Not part of the article's text: teaching one makes no revision, so what was approved stays.
    """

    article = models.ForeignKey(
        Article, models.CASCADE, related_name="learnt", verbose_name=_("article")
    )
    text = models.CharField(_("customer's words"), max_length=300)
    turn = models.OneToOneField(
        "conversations.Turn",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="taught",
        verbose_name=_("turn"),
    )
    created_at = models.DateTimeField(_("learnt"), auto_now_add=True)

    class Meta:
        verbose_name = _("learnt phrasing")
        verbose_name_plural = _("learnt phrasings")
        ordering: ClassVar = ["article", "-created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(text=""), name="learnt_phrasing_has_text"),
        ]

    def __str__(self) -> str:
        return self.text


class KnowledgeState(models.Model):
    """One row: `version` counts changes of what search may find. Caches are keyed by it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    version = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="knowledge_state_single_row"),
        ]

    def __str__(self) -> str:
        return str(self.version)


class Term(models.Model):
    """A lexeme of the published articles and how many of them hold it.

    Rebuilt after knowledge changes (retrieval/statistics.py). Search weighs rare words by it and
    finds the nearest known word of a misspelt one in it: `deletions` holds the word itself and
    the word less each one of its letters, so two words one slip apart share an entry. (pg_trgm
    would do, but the embedded PostgreSQL does not carry it.)
    """

    lexeme = models.CharField(max_length=255, primary_key=True)
    articles = models.PositiveIntegerField()
    deletions = ArrayField(models.CharField(max_length=255), default=list)

    class Meta:
        indexes: ClassVar = [GinIndex(fields=["deletions"], name="term_deletions_gin")]

    def __str__(self) -> str:
        return self.lexeme
