"""Articles of the help centre: read, written, published; every text is kept as a revision."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import records
from conversations.api import reference
from conversations.api.base import ApiView, checked, read_query
from conversations.api.caching import unless_known
from conversations.api.paging import Order, PageQuery, number, page
from conversations.api.shapes import ArticleShape, Moment, RevisionShape
from conversations.models import Article, ArticleRevision, Scope
from conversations.retrieval import drafts
from conversations.services.article_writing import (
    FIELDS,
    ArticleWritingService,
    ChangedMeanwhile,
    version_of,
)

BY_ID = Order("pk", False, number, number)
NEWEST_REVISION = Order("number", True, number, number, key="number")
_STATUS_HELP = "A draft is found by nobody; published: at once by customers and the assistant."
_MOST_PHRASES = 50


class ArticleQuery(PageQuery):
    status = serializers.ChoiceField(Article.Status.choices, required=False)
    language = serializers.CharField(required=False, max_length=12)
    section = serializers.CharField(required=False, max_length=80, help_text="A section's slug.")
    external_id = serializers.CharField(required=False, max_length=drafts.ID_CHARS)
    updated_since = Moment(required=False)


class ArticleFields(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=drafts.TITLE_CHARS)
    body = serializers.CharField(
        max_length=200_000, allow_blank=True, trim_whitespace=False, help_text="Markdown."
    )
    asked_as = serializers.ListField(
        child=serializers.CharField(max_length=drafts.PHRASE_CHARS),
        max_length=_MOST_PHRASES,
        required=False,
        help_text="How customers ask for it, in their words.",
    )
    section = serializers.SlugField(max_length=80, required=False, allow_blank=True)
    url = serializers.URLField(
        max_length=drafts.URL_CHARS,
        required=False,
        allow_blank=True,
        help_text="Where it is published, if not in this portal's help centre.",
    )
    language = serializers.RegexField(r"^[a-z]{2,3}(-[a-z0-9]{2,8})?$", required=False)
    audience = serializers.CharField(max_length=40, required=False, allow_blank=True)
    product = serializers.CharField(max_length=80, required=False, allow_blank=True)


class NewArticleInput(ArticleFields):
    external_id = serializers.CharField(
        max_length=drafts.ID_CHARS, required=False, help_text="Your own id of it; made if left out."
    )
    status = serializers.ChoiceField(
        ["draft", "published"], default="draft", help_text=_STATUS_HELP
    )


class ArticleChangeInput(ArticleFields):
    status = serializers.ChoiceField(
        ["draft", "published", "archived"], required=False, help_text=_STATUS_HELP
    )


class ArticlesView(ApiView):
    scopes = {"GET": Scope.ARTICLES_READ, "POST": Scope.ARTICLES_WRITE}

    @extend_schema(**reference.list_of("articles", ArticleShape, ArticleQuery))
    def get(self, request: Request) -> Response:
        """List articles by their id, oldest first."""
        query = read_query(request, ArticleQuery)
        return Response(page(request, records.articles(query), BY_ID, query, show))

    @extend_schema(
        **reference.write(
            "articles",
            NewArticleInput,
            {201: ArticleShape},
            conflict=True,
            example={
                "external_id": "returns",
                "title": "Return an item",
                "body": "You can return an item within 30 days.",
                "status": "published",
            },
        )
    )
    def post(self, request: Request) -> Response:
        """Write a new article, as a draft or published."""
        given = checked(NewArticleInput, request.data)

        def act() -> tuple[int, dict[str, Any]]:
            article = ArticleWritingService().create(
                external_id=given.get("external_id", ""),
                status=given["status"],
                fields=_fields(given),
                author=request.auth.user,
            )
            return status.HTTP_201_CREATED, show(article)

        return self.once(request, act)


class ArticleView(ApiView):
    scopes = {"GET": Scope.ARTICLES_READ, "PATCH": Scope.ARTICLES_WRITE}

    @extend_schema(**reference.read("articles", ArticleShape))
    def get(self, request: Request, article_id: int) -> Response:
        """Read one article. Its ETag is what `If-Match` compares."""
        found = records.article(_id(article_id))
        tag = f'"{version_of(found)}"'
        return unless_known(request, show(found), etag=tag, changed_at=found.updated_at)

    @extend_schema(
        **reference.write(
            "articles",
            ArticleChangeInput,
            {200: ArticleShape},
            if_match=True,
            missing=True,
            example={"body": "You can return an item within 60 days.", "status": "published"},
        )
    )
    def patch(self, request: Request, article_id: int) -> Response:
        """Change the named fields, publish or archive. New text is a new revision."""
        serializer = ArticleChangeInput(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data

        def act() -> tuple[int, dict[str, Any]]:
            article = ArticleWritingService().change(
                article_id=_id(article_id),
                fields=_fields(given),
                status=given.get("status", ""),
                version=_expected(request),
                author=request.auth.user,
            )
            return status.HTTP_200_OK, show(article)

        response = self.once(request, act)
        return response


class RevisionsView(ApiView):
    scopes = {"GET": Scope.ARTICLES_READ}

    @extend_schema(**reference.list_of("articles", RevisionShape, PageQuery, of_one=True))
    def get(self, request: Request, article_id: int) -> Response:
        """List an article's revisions, newest first."""
        query = read_query(request, PageQuery)
        found = records.revisions(records.article(_id(article_id)).pk)
        return Response(page(request, found, NEWEST_REVISION, query, show_revision))


def _id(article_id: int) -> int:
    """An id that the column can hold; a larger one is no article's."""
    return min(article_id, 2**63 - 1)


def _fields(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in FIELDS if name in given}


def _expected(request: Request) -> str:
    """The version of an If-Match header; empty if any will do. Raises ChangedMeanwhile."""
    header = request.headers.get("If-Match", "*").strip()
    if header == "*":
        return ""
    if len(header) < 3 or not header.startswith('"') or not header.endswith('"'):
        raise ChangedMeanwhile
    return header[1:-1]


def show(article: Article) -> dict[str, Any]:
    return dict(ArticleShape(article).data)


def show_revision(revision: ArticleRevision) -> dict[str, Any]:
    return dict(RevisionShape(revision).data)
