"""The passages of an article in the database: prepared outside of any lock, replaced in one go."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from conversations.models import Article, LearntPhrasing, Passage
from conversations.retrieval.candidates import configuration, vector_literal
from conversations.retrieval.chunking import Chunk, chunk, embedding_text
from conversations.retrieval.drafts import ArticleDraft
from conversations.retrieval.embedding import Embedder, TokenReader, read

BATCH = 256
#: PostgreSQL refuses a word index of more than a megabyte: the rest of a giant is not indexed.
PASSAGE_CHARS = 60_000
ARTICLE_CHARS = 300_000


@dataclass(frozen=True)
class Embedded:
    """A passage as a model read it: its vector, and its tokens' states if the model tells them."""

    vector: str
    tokens: bytes | None


@dataclass(frozen=True)
class Prepared:
    """An article's passages and, where there was a model, what it made of each."""

    draft: ArticleDraft
    chunks: tuple[Chunk, ...]
    embedded: tuple[Embedded, ...] | None


def prepare(drafts: Sequence[ArticleDraft], embedder: Embedder | None) -> dict[str, Prepared]:
    """Cut and, with an embedder, embed several articles together; by external id. What reviewers
    taught an article is cut with it."""
    learnt = _learnt([draft.external_id for draft in drafts])
    cut = {
        draft.external_id: chunk(
            title=draft.title,
            body=draft.body,
            asked_as=(*draft.asked_as, *learnt.get(draft.external_id, ())),
        )
        for draft in drafts
    }
    embedded: Mapping[str, tuple[Embedded, ...]] = {}
    if embedder is not None:
        embedded = _embed_all(embedder, drafts, cut)
    return {
        draft.external_id: Prepared(draft, cut[draft.external_id], embedded.get(draft.external_id))
        for draft in drafts
    }


def _learnt(external_ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rows = LearntPhrasing.objects.filter(article__external_id__in=external_ids).order_by("pk")
    for external_id, text in rows.values_list("article__external_id", "text"):
        found.setdefault(external_id, []).append(text)
    return found


def _embed_all(
    embedder: Embedder, drafts: Sequence[ArticleDraft], cut: Mapping[str, tuple[Chunk, ...]]
) -> dict[str, tuple[Embedded, ...]]:
    texts = [
        embedding_text(title=draft.title, kind=piece.kind, heading=piece.heading, plain=piece.plain)
        for draft in drafts
        for piece in cut[draft.external_id]
    ]
    found = iter(
        passage
        for start in range(0, len(texts), BATCH)
        for passage in _embed(embedder, texts[start : start + BATCH])
    )
    return {
        draft.external_id: tuple(next(found) for _ in cut[draft.external_id]) for draft in drafts
    }


def _embed(embedder: Embedder, texts: Sequence[str]) -> list[Embedded]:
    vectors, tokens = read(embedder, texts)
    return [
        Embedded(vector_literal(row), own.states.tobytes() if own else None)
        for row, own in zip(vectors, tokens, strict=True)
    ]


def write(*, article_id: int, revision: int, text: Prepared) -> None:
    """Replace the article's passages and its words. To be called inside a transaction."""
    draft, chunks = text.draft, text.chunks
    Passage.objects.filter(article_id=article_id).delete()
    embedded = list(text.embedded) if text.embedded else [None] * len(chunks)
    words = configuration(draft.language)
    asked = "\n".join(piece.plain for piece in chunks if piece.kind == "asked_as")
    body = "\n".join(piece.plain for piece in chunks if piece.kind == "body")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO conversations_passage
                (article_id, revision, ordinal, kind, heading, text, plain, embedding, tokens,
                 search)
            SELECT %s, %s, c.ordinal - 1, c.kind, c.heading, c.text, c.plain, c.embedding::vector,
                c.tokens,
                CASE WHEN c.kind = 'body' THEN
                    setweight(to_tsvector(%s::regconfig, %s), 'A')
                    || setweight(to_tsvector(%s::regconfig, c.heading), 'B')
                    || setweight(to_tsvector(%s::regconfig, left(c.plain, %s)), 'D')
                ELSE setweight(to_tsvector(%s::regconfig, c.plain), 'A') END
            FROM unnest(
                %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bytea[]
            ) WITH ORDINALITY AS c(kind, heading, text, plain, embedding, tokens, ordinal)
            """,
            [
                article_id, revision, words, draft.title, words, words, PASSAGE_CHARS, words,
                [c.kind for c in chunks], [c.heading for c in chunks], [c.text for c in chunks],
                [c.plain for c in chunks], [e and e.vector for e in embedded],
                [e and e.tokens for e in embedded],
            ],
        )  # fmt: skip
        cursor.execute(
            "UPDATE conversations_article SET search ="
            " setweight(to_tsvector(%s::regconfig, %s), 'A')"
            " || setweight(to_tsvector(%s::regconfig, %s), 'B')"
            " || setweight(to_tsvector(%s::regconfig, left(%s, %s)), 'D') WHERE id = %s",
            [
                words, draft.title, words, asked,
                words, body, ARTICLE_CHARS,
                article_id,
            ],
        )  # fmt: skip


def add_phrasing(*, article: Article, text: str) -> None:
    """One more way of asking; the other passages and their vectors stay. Its own vector follows.

    To be called inside a transaction that holds the article's row.
    """
    words = configuration(article.language)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO conversations_passage"
            " (article_id, revision, ordinal, kind, heading, text, plain, search)"
            " SELECT %s, %s, coalesce(max(ordinal), -1) + 1, 'asked_as', '', %s, %s,"
            " setweight(to_tsvector(%s::regconfig, %s), 'A')"
            " FROM conversations_passage WHERE article_id = %s",
            [article.pk, article.revision, text, text, words, text, article.pk],
        )
        cursor.execute(
            "UPDATE conversations_article SET search = search"
            " || setweight(to_tsvector(%s::regconfig, %s), 'B') WHERE id = %s",
            [words, text, article.pk],
        )


def remove_phrasing(*, article_id: int, text: str) -> None:
    """Its words stay in the article's own index until the article is written again: they let it be
    found, and weigh nothing."""
    Passage.objects.filter(article_id=article_id, kind=Passage.Kind.ASKED_AS, text=text).delete()


def remove(*, article_id: int) -> None:
    """Take an article out of search. To be called inside a transaction."""
    Passage.objects.filter(article_id=article_id).delete()
    Article.objects.filter(pk=article_id).update(search=None)


def embed_stored(
    embedder: Embedder, *, again: bool = False, progress: Callable[[int], object] | None = None
) -> int:
    """Embed stored passages that lack a vector or, where the model tells them, tokens; or all of
    them again. Returns how many."""
    lacking = Q(embedding=None)
    if isinstance(embedder, TokenReader):
        lacking |= Q(tokens=None)
    done, last = 0, 0
    while True:
        waiting = Passage.objects.filter(pk__gt=last).order_by("pk")
        if not again:
            waiting = waiting.filter(lacking)
        rows = list(waiting.values_list("pk", "article__title", "kind", "heading", "plain")[:BATCH])
        if not rows:
            return done
        texts = [
            embedding_text(title=title, kind=kind, heading=heading, plain=plain)
            for _, title, kind, heading, plain in rows
        ]
        _store([row[0] for row in rows], _embed(embedder, texts))
        last, done = rows[-1][0], done + len(rows)
        if progress:
            progress(len(rows))


def _store(ids: Sequence[int], embedded: Sequence[Embedded]) -> None:
    """For passages that are still there; one that was replaced meanwhile is passed over."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_passage AS p"
            " SET embedding = v.embedding::vector, tokens = v.tokens"
            " FROM unnest(%s::bigint[], %s::text[], %s::bytea[]) AS v(id, embedding, tokens)"
            " WHERE p.id = v.id",
            [list(ids), [e.vector for e in embedded], [e.tokens for e in embedded]],
        )
