"""A large knowledge base made of a small one, for timing searches and decisions over it.

Every made-up passage joins halves of two real ones and lies between them and a third in the
embedding's space, so that neither its words nor its vector are a copy: an exact copy would fill the
nearest places with itself and make the search look better or worse than it is. Written by the
database itself, in bulk.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection

from conversations.models import Article, Passage
from conversations.retrieval import statistics

ARTICLES = 2_000  # written together
FIRST = 1_000_000_000  # ids of made-up articles, far from real ones

# One made-up article a number n: the shape of a real one, each of its passages joined with one of
# another article. `real` numbers the passages from 0, `shape` the articles. setseed makes the same
# knowledge base each time.
_REAL = """
CREATE TEMPORARY TABLE real AS SELECT row_number() OVER (ORDER BY id) - 1 AS number, article_id,
    ordinal, kind, embedding, coalesce(tokens, ''::bytea) AS tokens,
    string_to_array(plain, ' ') AS words FROM conversations_passage WHERE embedding IS NOT NULL;
CREATE UNIQUE INDEX ON real (number);
CREATE TEMPORARY TABLE shape AS SELECT row_number() OVER (ORDER BY article_id) - 1 AS number,
    article_id FROM (SELECT DISTINCT article_id FROM real) AS own;
SELECT setseed(0.5);
"""
_PASSAGES = """
INSERT INTO conversations_passage
    (article_id, revision, ordinal, kind, heading, text, plain, embedding, tokens, search)
SELECT article, 1, ordinal, kind, '', plain, plain, vector, tokens,
    setweight(to_tsvector('english', plain),
              (CASE kind WHEN 'body' THEN 'D' ELSE 'A' END)::"char")
FROM (
    SELECT drawn.article, drawn.ordinal, drawn.kind,
        array_to_string(drawn.words[: (cardinality(drawn.words) + 1) / 2]
                        || other.words[cardinality(other.words) / 2 + 1 :], ' ') AS plain,
        l2_normalize(drawn.embedding + other.embedding
                     + third.embedding * array_fill(0.4, ARRAY[384])::vector) AS vector,
        substring(drawn.tokens FROM 1 FOR length(drawn.tokens) / 64 * 32)
            || substring(other.tokens FROM 1 FOR length(other.tokens) / 64 * 32) AS tokens
    FROM (
        SELECT made.n AS article, real.*, floor(random() * made.passages)::bigint AS second,
            floor(random() * made.passages)::bigint AS another
        FROM (
            SELECT n, floor(random() * (SELECT count(*) FROM shape))::bigint AS number,
                (SELECT count(*) FROM real) AS passages
            FROM generate_series(%(first)s, %(last)s) AS n
        ) AS made
        JOIN shape ON shape.number = made.number
        JOIN real ON real.article_id = shape.article_id
    ) AS drawn
    JOIN real AS other ON other.number = drawn.second
    JOIN real AS third ON third.number = drawn.another
) AS joined
"""
_ARTICLES = """
INSERT INTO conversations_article (id, external_id, slug, title, body, asked_as, url, status,
    language, audience, product, revision, digest, search, created_at, updated_at)
SELECT article_id, 'made-' || article_id, 'made-' || article_id,
    left(coalesce(min(plain) FILTER (WHERE kind = 'title'), 'Untitled'), 300), '', '{}', '',
    'published', 'en', '', '', 1, 'made', to_tsvector('english', string_agg(plain, ' ')),
    now(), now()
FROM conversations_passage WHERE article_id BETWEEN %(first)s AND %(last)s GROUP BY article_id
"""


def fill(wanted: int, *, advanced: Callable[[int], object] = lambda count: None) -> int:
    """Add made-up articles until there are at least `wanted` passages; returns how many there are.

    To be called in a store of its own that holds real articles with vectors. The vectors' index is
    built at the end, as one would after such an import.
    """
    count, real = Passage.objects.count(), Article.objects.count()
    with connection.cursor() as cursor, _without_vector_index():
        cursor.execute(_REAL)
        first = FIRST
        while count < wanted:
            needed = (wanted - count) * real // Passage.objects.filter(article_id__lt=FIRST).count()
            last = first + min(ARTICLES, max(1, needed)) - 1
            cursor.execute(_PASSAGES, {"first": first, "last": last})
            written = cursor.rowcount
            cursor.execute(_ARTICLES, {"first": first, "last": last})
            first, count = last + 1, count + written
            advanced(written)
        cursor.execute("DROP TABLE real, shape")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE conversations_passage, conversations_article")
    statistics.count_terms()
    statistics.bump_version()
    return count


@contextmanager
def _without_vector_index() -> Iterator[None]:
    """Drops the index of the passages' vectors in this store, and builds it again at the end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
            " AND tablename = 'conversations_passage' AND indexdef LIKE '%USING hnsw%'"
        )
        dropped = cursor.fetchall()
        for name, _ in dropped:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        cursor.execute("SET maintenance_work_mem = '2GB'")
        for _, definition in dropped:
            cursor.execute(definition)
        cursor.execute("RESET maintenance_work_mem")
