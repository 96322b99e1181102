"""ArticleWritingService: single articles written by programs, on top of the knowledge service."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from conversations import dispatch
from conversations.models import Article
from conversations.retrieval.drafts import BadRow, make_draft
from conversations.services.knowledge import KnowledgeService, Outcome, draft_of
from portal.core.errors import InvalidInput, NotFound, ServiceError
from portal.core.service import BaseService

#: What a caller may set, by its name in a draft's row.
FIELDS = ("title", "body", "asked_as", "section", "url", "language", "audience", "product")


class AlreadyThere(ServiceError):
    """There is an article with this external_id. Change that one instead."""

    code = "already_there"


class ChangedMeanwhile(ServiceError):
    """Somebody changed it since you read it. Read it again, then send your change."""

    code = "changed_meanwhile"


def version_of(article: Article) -> str:
    """Changes with every change of the article: what If-Match compares."""
    return f"{article.pk}-{article.revision}-{article.updated_at.timestamp():.6f}"


class ArticleWritingService(BaseService):
    name = "article_writing"

    def __init__(self) -> None:
        super().__init__()
        self._knowledge = KnowledgeService()

    def create(
        self, *, external_id: str, status: str, fields: Mapping[str, Any], author: Any = None
    ) -> Article:
        """A new article. Raises AlreadyThere or InvalidInput."""
        own_id = external_id or f"api-{uuid.uuid4()}"
        with self.operation("create"), transaction.atomic():
            outcome = self._save({"id": own_id, **fields}, status, author)
            if outcome is not Outcome.CREATED:
                raise AlreadyThere
        return Article.objects.select_related("section").get(external_id=own_id)

    def change(
        self,
        *,
        article_id: int,
        fields: Mapping[str, Any],
        status: str = "",
        version: str = "",
        author: Any = None,
    ) -> Article:
        """Change the named fields; new text is a new revision. With `version`, only that one.

        Raises NotFound, ChangedMeanwhile or InvalidInput.
        """
        with self.operation("change", id=article_id), transaction.atomic():
            rows = Article.objects.select_for_update(of=("self",)).select_related("section")
            article = rows.filter(pk=article_id).first()
            if article is None:
                raise NotFound
            if version and version != version_of(article):
                raise ChangedMeanwhile
            known = draft_of(article)
            kept = {name: getattr(known, name) for name in FIELDS}
            row = {"id": article.external_id, **kept, **fields}
            self._save(row, status or article.status, author)
        return Article.objects.select_related("section").get(pk=article_id)

    def _save(self, row: Mapping[str, Any], status: str, author: Any) -> Outcome:
        try:
            draft = make_draft({**row, "asked_as": list(row.get("asked_as", ()))}, source="api")
        except BadRow as exc:
            raise InvalidInput(str(exc)) from None
        outcome = self._knowledge.save_article(draft=draft, status=status, author=author)
        if outcome is not Outcome.UNCHANGED:
            transaction.on_commit(dispatch.renew_knowledge)
        return outcome
