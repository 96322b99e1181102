"""The help centre as search sees it."""

from collections.abc import Iterator

from django.conf import settings
from django.db.models import Exists, OuterRef

from conversations.models import Article, Passage
from conversations.retrieval.chunking import embedding_text
from conversations.retrieval.embedding import EmbeddingUnavailable, configured_embedder
from portal.doctor.finding import Finding, fault, warning, well

SAMPLE = 3
#: Vectors of one model agree to the last digits; another model's are strangers.
SAME_MODEL = 0.98


def examine() -> Iterator[Finding]:
    published = Article.objects.published()
    count = published.count()
    if not count:
        yield warning(
            "articles.none",
            "There is no published article: every question goes to a person.",
            "Import yours: manage.py import_articles PATH.",
        )
        return
    yield well("articles", f"{count} published articles.")
    yield from without_passages()
    yield from without_vectors()
    yield from foreign_vectors()


def without_passages() -> Iterator[Finding]:
    bare = Article.objects.published().exclude(
        Exists(Passage.objects.filter(article=OuterRef("pk"), revision=OuterRef("revision")))
    )
    if count := bare.count():
        names = ", ".join(bare.values_list("external_id", flat=True)[:3])
        yield fault(
            "articles.passages",
            f"{count} published articles have no passages of their present text ({names}): search "
            "does not find them.",
            "Save them again in the admin, or import them again with --replace.",
        )


def without_vectors() -> Iterator[Finding]:
    count = Passage.objects.filter(
        embedding__isnull=True, article__status=Article.Status.PUBLISHED
    ).count()
    if count:
        yield warning(
            "articles.vectors",
            f"{count} passages have no vector: they are found by their words only.",
            "A default worker does it by itself; or run manage.py embed_articles.",
        )


def foreign_vectors() -> Iterator[Finding]:
    """Embed a few passages again and compare: another model's vectors find nothing."""
    rows = list(
        Passage.objects.filter(embedding__isnull=False, article__status="published")
        .select_related("article")
        .order_by("pk")[:SAMPLE]
    )
    if not rows:
        return
    try:
        embedder = configured_embedder()
    except EmbeddingUnavailable as error:
        yield warning(
            "embedding.away",
            f"{error} Search goes on by words alone.",
            "Install the requirements, or correct PORTAL_EMBEDDING_MODEL.",
        )
        return
    texts = [
        embedding_text(title=row.article.title, kind=row.kind, heading=row.heading, plain=row.plain)
        for row in rows
    ]
    again = embedder.embed(texts)
    likeness = min(
        sum(float(a) * float(b) for a, b in zip(vector, row.embedding, strict=True))
        for vector, row in zip(again, rows, strict=True)
    )
    if likeness < SAME_MODEL:
        yield fault(
            "embedding.mismatch",
            f"The stored vectors are not of the configured embedding model "
            f"({settings.CONFIG.embedding}): search by meaning finds nothing sensible.",
            "Run manage.py embed_articles --again, or set PORTAL_EMBEDDING back.",
        )
    else:
        yield well("embedding", "The stored vectors are the configured model's.")
