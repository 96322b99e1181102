"""KnowledgeService: articles written, published, archived and imported, with their passages.

A change of text is a new revision; its passages replace the old ones in the same transaction, so a
search sees the old article or the new one, never a mixture. Vectors are computed outside of it. Two
imports at once end as one of them would: each article is written under its own row lock.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import transaction

from conversations.models import Article, ArticleRevision
from conversations.retrieval import passages, statistics
from conversations.retrieval.drafts import ArticleDraft
from conversations.retrieval.embedding import Embedder, EmbeddingUnavailable
from conversations.services.shelves import section_for, unique_slug
from portal.core.service import BaseService

_DETAILS = ("url", "language", "audience", "product")
#: Everything but `search`, which the passages' writer fills in the database.
_SAVED = (
    "section", "title", "body", "asked_as", "status", "revision", "digest", "updated_at", *_DETAILS
)  # fmt: skip


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Planned:
    """A draft whose links are in place, and the slug it gets if it is new."""

    draft: ArticleDraft
    slug: str = ""
    status: str = Article.Status.PUBLISHED


class KnowledgeService(BaseService):
    """`embedder` is None in processes that hold no model: vectors then follow (embed_pending)."""

    name = "knowledge"

    def __init__(self, *, embedder: Callable[[], Embedder] | None = None) -> None:
        super().__init__()
        self._embedder = embedder

    def save_article(
        self,
        *,
        draft: ArticleDraft,
        status: str = Article.Status.PUBLISHED,
        author: Any = None,
    ) -> Outcome:
        """Store one article under its id, new or changed. Its words are found at once.

        `renew` afterwards gives it its vectors and counts its words; where there is a model in
        this process, the vectors are there at once too.
        """
        with self.operation("save_article"):
            planned = [Planned(draft, status=status)]
            outcome = self.save_articles(planned=planned, author=author)[0]
            if outcome != Outcome.UNCHANGED:
                statistics.bump_version()
            return outcome

    def save_articles(self, *, planned: Sequence[Planned], author: Any = None) -> list[Outcome]:
        """Publish several, each in a transaction of its own. finish_changes comes after."""
        ready = self._prepare_changed(planned)
        return [self._save(item, ready.get(item.draft.external_id), author) for item in planned]

    def finish_changes(self) -> None:
        """Count the words again and tell every process."""
        statistics.count_terms()
        statistics.bump_version()

    def renew(self) -> int:
        """What follows a change, in a process that holds the model: vectors, counts, notice."""
        with self.operation("renew"):
            embedded = self.embed_pending()
            self.finish_changes()
            return embedded

    def publish(self, *, article_ids: Sequence[int]) -> int:
        """Put drafts and archived articles where search and customers find them."""
        articles = Article.objects.filter(pk__in=article_ids).select_related("section")
        outcomes = [self.save_article(draft=draft_of(article)) for article in articles]
        return sum(outcome != Outcome.UNCHANGED for outcome in outcomes)

    def archive(self, *, article_ids: Sequence[int]) -> int:
        """Take articles out of search and the help centre. They keep their text and revisions."""
        with self.operation("archive", articles=len(article_ids)):
            with transaction.atomic():
                ids = list(
                    Article.objects.select_for_update()
                    .filter(pk__in=article_ids)
                    .exclude(status=Article.Status.ARCHIVED)
                    .order_by("pk")
                    .values_list("pk", flat=True)
                )
                for article_id in ids:
                    passages.remove(article_id=article_id)
                Article.objects.filter(pk__in=ids).update(status=Article.Status.ARCHIVED)
            if ids:
                statistics.bump_version()
            return len(ids)

    def embed_pending(
        self, *, again: bool = False, progress: Callable[[int], object] | None = None
    ) -> int:
        """Give every passage without a vector its own; `again`: all of them, for a new model.

        Raises EmbeddingUnavailable. Returns how many were embedded.
        """
        if self._embedder is None:
            raise EmbeddingUnavailable
        done = passages.embed_stored(self._embedder(), again=again, progress=progress)
        if done:
            statistics.bump_version()
        return done

    def _prepare_changed(self, planned: Sequence[Planned]) -> dict[str, passages.Prepared]:
        """Passages, with vectors if there is a model, of what is new or changed."""
        known = dict(
            Article.objects.published()
            .filter(external_id__in=[item.draft.external_id for item in planned])
            .values_list("external_id", "digest")
        )
        changed = [
            item.draft for item in planned if known.get(item.draft.external_id) != item.draft.digest
        ]
        try:
            return passages.prepare(changed, self._available_embedder() if changed else None)
        except EmbeddingUnavailable as exc:  # by a model that is loaded at the first new text
            self._by_words_alone(exc)
            return passages.prepare(changed, None)

    def _available_embedder(self) -> Embedder | None:
        if self._embedder is None:
            return None
        try:
            return self._embedder()
        except EmbeddingUnavailable as exc:
            self._by_words_alone(exc)
            return None

    def _by_words_alone(self, why: EmbeddingUnavailable) -> None:
        self.log.warning("%s Articles are found by words alone for now.", why.detail)

    def _save(self, item: Planned, ready: passages.Prepared | None, author: Any) -> Outcome:
        draft = item.draft
        with transaction.atomic():
            article, created = _locked(draft, item.slug)
            details = {name: getattr(draft, name) for name in _DETAILS}
            details["section"] = section_for(draft.section) or article.section
            same_text = not created and article.digest == draft.digest
            same_details = all(getattr(article, k) == v for k, v in details.items())
            same_status = article.status == item.status
            if same_text and same_details and same_status:
                return Outcome.UNCHANGED
            for name, value in details.items():
                setattr(article, name, value)
            if not same_text:
                _write_text(article, draft, author, first=created)
            article.status = item.status
            if item.status != Article.Status.PUBLISHED:
                passages.remove(article_id=article.pk)
            elif not (same_text and same_status):
                text = ready or passages.prepare([draft], None)[draft.external_id]
                passages.write(article_id=article.pk, revision=article.revision, text=text)
            article.save(update_fields=_SAVED)
            if draft.updated and not same_text:
                Article.objects.filter(pk=article.pk).update(updated_at=draft.updated)
        return Outcome.CREATED if created else Outcome.UPDATED


def draft_of(article: Article) -> ArticleDraft:
    """The article as it stands, as something to save."""
    return ArticleDraft(
        external_id=article.external_id,
        title=article.title,
        body=article.body,
        asked_as=tuple(article.asked_as),
        section=article.section.slug if article.section else "",
        url=article.url,
        language=article.language,
        audience=article.audience,
        product=article.product,
    )


def _locked(draft: ArticleDraft, slug: str) -> tuple[Article, bool]:
    """The article's row under its lock, made if it was not there, and whether it was made now."""
    rows = Article.objects.select_for_update(of=("self",)).select_related("section")
    if article := rows.filter(external_id=draft.external_id).first():
        return article, False
    new = Article(
        external_id=draft.external_id,
        slug=slug or unique_slug(draft.title, draft.external_id),
        title=draft.title,
        body=draft.body,
        digest="",
        status=Article.Status.DRAFT,
    )
    Article.objects.bulk_create([new], ignore_conflicts=True)
    article = rows.filter(external_id=draft.external_id).first()
    if article is None:  # another article took the slug a moment ago
        new.slug = unique_slug(draft.title, draft.external_id)
        new.save(force_insert=True)
        article = rows.get(external_id=draft.external_id)
    return article, article.digest == ""


def _write_text(article: Article, draft: ArticleDraft, author: Any, *, first: bool) -> None:
    """The draft's text as the article's next revision."""
    article.title, article.body = draft.title, draft.body
    article.asked_as, article.digest = list(draft.asked_as), draft.digest
    article.revision += not first
    ArticleRevision.objects.create(
        article=article,
        number=article.revision,
        title=draft.title,
        body=draft.body,
        asked_as=list(draft.asked_as),
        author=author,
    )
