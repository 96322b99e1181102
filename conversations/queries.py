"""Reads across models for the pages. Nothing here writes."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db.models import Count, Prefetch, Q
from django.utils.translation import gettext as _

from conversations.models import Article, Section
from conversations.retrieval.embedding import Embedder, EmbeddingUnavailable
from conversations.retrieval.markdown import to_plain
from conversations.retrieval.search import KnowledgeSearch
from conversations.retrieval.statistics import CorpusCache
from conversations.retrieval.types import ArticleHit, SearchQuery

EXCERPT_CHARS = 220
RELATED = 5
OTHER_SECTION = "other"
SUGGEST_FROM = 500  # articles looked at for the questions to start with
SUGGESTIONS_SECONDS = 300

_HELP_LINK = re.compile(r"/help/([^/)\s#]+)/")


@dataclass(frozen=True)
class HelpLink:
    """An article as it stands in a list. `url` may lead to another site."""

    slug: str
    title: str
    url: str


@dataclass(frozen=True)
class HelpSection:
    slug: str
    title: str
    description: str
    articles: tuple[HelpLink, ...]


@dataclass(frozen=True)
class HelpArticle:
    slug: str
    title: str
    body: str
    summary: str
    section: HelpSection | None
    updated_at: datetime
    related: tuple[HelpLink, ...]


@dataclass(frozen=True)
class HelpHit:
    slug: str
    title: str
    url: str
    excerpt: str


def help_sections() -> list[HelpSection]:
    """Every shelf with its published articles; those on no shelf come last, on one of their own."""
    published = (
        Article.objects.published().order_by("title").only("slug", "title", "url", "section")
    )
    sections = Section.objects.prefetch_related(Prefetch("articles", published)).order_by(
        "position", "title"
    )
    shelves = [_section(section, section.articles.all()) for section in sections]
    if loose := published.filter(section=None):
        title = _("More articles") if any(shelf.articles for shelf in shelves) else _("Articles")
        shelves.append(HelpSection(OTHER_SECTION, title, "", tuple(map(_link, loose))))
    return [shelf for shelf in shelves if shelf.articles]


def help_section(slug: str) -> HelpSection | None:
    return next((shelf for shelf in help_sections() if shelf.slug == slug), None)


def help_article(slug: str) -> HelpArticle | None:
    """A published article with its neighbours on the shelf, or None."""
    article = Article.objects.published().select_related("section").filter(slug=slug).first()
    if article is None:
        return None
    neighbours: tuple[HelpLink, ...] = ()
    if article.section is not None:
        others = article.section.articles.filter(status=Article.Status.PUBLISHED)
        after = others.filter(Q(title__gt=article.title)).order_by("title")[:RELATED]
        before = others.filter(Q(title__lt=article.title)).order_by("title")[:RELATED]
        neighbours = tuple(map(_link, [*after, *before]))[:RELATED]
    return HelpArticle(
        slug=article.slug,
        title=article.title,
        body=article.body,
        summary=_excerpt(to_plain(article.body[:4_000])),
        section=_section(article.section, ()) if article.section else None,
        updated_at=article.updated_at,
        related=neighbours,
    )


def help_search(query: str, limit: int = 20) -> list[HelpHit]:
    """Articles by the words of the query, slips of the pen corrected, best first."""
    hits = _words_only.search(SearchQuery(text=query)).articles[:limit]
    slugs = dict(
        Article.objects.filter(pk__in=[hit.article_id for hit in hits]).values_list("pk", "slug")
    )
    return [
        HelpHit(slugs[hit.article_id], hit.title, hit.url, _hit_excerpt(hit))
        for hit in hits
        if hit.article_id in slugs
    ]


def suggested_questions(limit: int = 4) -> list[str]:
    """Questions to start with: of each section the article that helped most, or is linked most.

    A question that people ask in other words is shown as they ask it. Kept for a few minutes.
    """
    key = f"suggested-questions:{limit}"
    known: list[str] | None = cache.get(key)
    if known is None:
        known = _suggest(limit)
        if known:  # an empty help centre is about to be filled
            cache.set(key, known, SUGGESTIONS_SECONDS)
    return known


def _suggest(limit: int) -> list[str]:
    helped = Count("citations", filter=Q(citations__message__rating__score=1))
    articles = list(
        Article.objects.published()
        .annotate(helped=helped)
        .order_by("section__position", "title")
        .values_list("section", "slug", "title", "asked_as", "helped", "body")[:SUGGEST_FROM]
    )
    linked = Counter(slug for row in articles for slug in _HELP_LINK.findall(row[5]))
    best: dict[int | None, tuple[int, int, str]] = {}
    for section, slug, title, asked_as, helpful, _body in articles:
        question = next((words for words in asked_as if words.endswith("?")), title)
        candidate = (helpful, linked[slug], question)
        if section not in best or candidate[:2] > best[section][:2]:
            best[section] = candidate
    return [question for _helped, _linked, question in best.values()][:limit]


def _no_model() -> Embedder:
    raise EmbeddingUnavailable(
        "The help centre's pages search by words: no model in a web process."
    )


_words_only = KnowledgeSearch(embedder=_no_model, corpus=CorpusCache(with_vectors=False))


def _link(article: Article) -> HelpLink:
    return HelpLink(article.slug, article.title, article.get_absolute_url())


def _section(section: Section, articles: Iterable[Article]) -> HelpSection:
    links = tuple(_link(article) for article in articles)
    return HelpSection(section.slug, section.title, section.description, links)


def _hit_excerpt(hit: ArticleHit) -> str:
    body = next((part.text for part in hit.passages if part.kind == "body"), "")
    return _excerpt(to_plain(body))


def _excerpt(text: str) -> str:
    """The beginning of a text, cut at a word."""
    text = " ".join(text.split())
    if len(text) <= EXCERPT_CHARS:
        return text
    return text[:EXCERPT_CHARS].rsplit(" ", 1)[0].rstrip(",;:") + "…"
