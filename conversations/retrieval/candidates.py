"""The passages that a search may be about: nearest by vector, and by words, in one statement.

Two queries whatever is asked: one reads the search words with their rarity and corrects slips, one
finds the passages and gives each its cosine with every text. Only published articles are found.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection
from django.urls import NoReverseMatch, get_script_prefix, reverse

from conversations.retrieval.embedding import Vectors
from conversations.retrieval.statistics import deletions
from conversations.retrieval.types import PassageHit, SearchQuery
from portal.core.prepared import prepared_cursor

NEAREST = 60  # passages by vector for the first text; later texts get half
WORDED = 40  # passages by words, likewise
EF_SEARCH = 100  # pgvector's breadth; its default of 40 would cut NEAREST
RARE_ENOUGH = 0.2  # words in more than this share of the articles find too much
FEW_ARTICLES = 50  # … unless they are in no more articles than this
MOST_WORDS = 24  # of a text, the rarest
MOST_HELD = 10_000  # articles that hold them, added up over the words: what is looked up

_FOUND = (
    "SELECT p.id FROM conversations_passage p JOIN conversations_article a ON a.id = p.article_id"
)
#: PostgreSQL's text search configuration of a language; others are split, not stemmed.
CONFIGURATIONS = {
    "ar": "arabic", "da": "danish", "de": "german", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish",
    "tr": "turkish",
}  # fmt: skip


def configuration(language: str) -> str:
    return CONFIGURATIONS.get(language.partition("-")[0].lower(), "simple")


@dataclass(frozen=True)
class SearchWord:
    """A lexeme of text number `text` (0 is the last words), and in how many articles it is."""

    text: int
    lexeme: str
    articles: int
    corrected_from: str = ""


@dataclass(frozen=True)
class Filters:
    """What an article must be; empty fields ask for nothing."""

    language: str = ""
    audience: str = ""
    product: str = ""

    @classmethod
    def of(cls, query: SearchQuery) -> "Filters":
        return cls(query.language, query.audience, query.product)

    def sql(self) -> tuple[str, list[str]]:
        """An article without an audience or product is for all of them."""
        parts, values = ["a.status = 'published'"], []
        if self.language:
            parts.append("a.language = %s")
            values.append(self.language)
        for name in ("audience", "product"):
            if wanted := getattr(self, name):
                parts.append(f"a.{name} IN ('', %s)")
                values.append(wanted)
        return " AND ".join(parts), values


def read_words(texts: Sequence[str], *, language: str = "") -> list[SearchWord]:
    """The texts' lexemes that articles have, rarest first; a misspelt one as its nearest.

    Sets the breadth of this connection's vector searches on the way.
    """
    with prepared_cursor() as cursor:
        cursor.execute(
            """
            WITH breadth AS MATERIALIZED (
                SELECT set_config('hnsw.ef_search', %s, false),
                       set_config('hnsw.iterative_scan', 'relaxed_order', false)
            )
            SELECT t.ordinal - 1, l.lexeme, known.articles
            FROM breadth, unnest(%s::text[]) WITH ORDINALITY AS t(words, ordinal)
            CROSS JOIN LATERAL unnest(to_tsvector(%s::regconfig, t.words)) AS l
            LEFT JOIN conversations_term AS known ON known.lexeme = l.lexeme
            """,
            [str(EF_SEARCH), [text.replace("\x00", " ") for text in texts],
             configuration(language or "en")],
        )  # fmt: skip
        rows = cursor.fetchall()
    words = [SearchWord(text, lexeme, articles) for text, lexeme, articles in rows if articles]
    unknown = [(text, lexeme) for text, lexeme, articles in rows if not articles]
    words += _corrected(unknown)
    return sorted(words, key=lambda word: (word.text, word.articles, word.lexeme))


def _corrected(unknown: Sequence[tuple[int, str]]) -> list[SearchWord]:
    """Known words one slip away; the most common of them. A query only where words are unknown."""
    slips = {lexeme: deletions(lexeme) for _, lexeme in unknown}
    wanted = sorted({piece for pieces in slips.values() for piece in pieces})
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lexeme, articles, deletions FROM conversations_term"
            " WHERE deletions && %s::varchar[]",
            [wanted],
        )
        known = cursor.fetchall()
    found = []
    for text, lexeme in unknown:
        near = [(n, word) for word, n, pieces in known if set(pieces) & set(slips[lexeme])]
        if near:
            articles, word = max(near)
            found.append(SearchWord(text, word, articles, corrected_from=lexeme))
    return found


def find_candidates(
    *,
    texts: Sequence[str],
    words: Sequence[SearchWord],
    vectors: Vectors | None,
    articles: int,
    filters: Filters,
) -> list[PassageHit]:
    """Passages near any of the texts by vector (if there are vectors) or by words."""
    parts: list[tuple[str, list[Any]]] = []
    where, values = filters.sql()
    literals = [] if vectors is None else [vector_literal(vector) for vector in vectors]
    for number in range(len(texts)):
        if literals:
            parts.append(_nearest(literals[number], where, values, NEAREST // (1 + (number > 0))))
        own = [word for word in words if word.text == number][:MOST_WORDS]
        if chosen := telling_words(own, articles):
            parts.append(_worded(chosen, where, values, WORDED // (1 + (number > 0))))
    if not parts:
        return []
    return _fetch(parts, words, literals)


def telling_words(words: Sequence[SearchWord], articles: int) -> list[SearchWord]:
    """The words rare enough to find something; the two rarest where none is. Rarest first, and no
    more of them than the index can look up in the time that a question has."""
    most = max(FEW_ARTICLES, RARE_ENOUGH * articles)
    telling = [word for word in words if word.articles <= most] or list(words[:2])
    reached = itertools.accumulate(word.articles for word in telling)
    within = sum(total <= MOST_HELD for total in reached)
    return telling[: max(within, 1)]


def _nearest(vector: str, where: str, values: list[str], limit: int) -> tuple[str, list[Any]]:
    sql = (
        f"({_FOUND} WHERE {where} AND p.embedding IS NOT NULL"
        " ORDER BY p.embedding <=> %s::vector LIMIT %s)"
    )
    return sql, [*values, vector, limit]


def _worded(
    words: Sequence[SearchWord], where: str, values: list[str], limit: int
) -> tuple[str, list[Any]]:
    """Passages that hold any of the words, those with the rarest words first.

    Each word's passages come out of the index alone. To ask every passage for every word reads its
    whole text each time: 88 ms for 18 words over 10,000 passages in place of 6.
    """
    one = (
        "SELECT id, article_id, %s AS weight FROM conversations_passage WHERE search @@ %s::tsquery"
    )
    sql = (
        "(SELECT found.id FROM (SELECT id, article_id, sum(weight) AS weight"  # noqa: S608 - fixed
        f" FROM ({' UNION ALL '.join(one for _ in words)}) AS held"
        " GROUP BY id, article_id) AS found"
        f" JOIN conversations_article a ON a.id = found.article_id WHERE {where}"
        " ORDER BY found.weight DESC, found.id LIMIT %s)"
    )
    asked = [value for word in words for value in (_weight(word), _quoted(word.lexeme))]
    return sql, [*asked, *values, limit]


def _fetch(
    parts: Sequence[tuple[str, list[Any]]], words: Sequence[SearchWord], vectors: Sequence[str]
) -> list[PassageHit]:
    cosines = "ARRAY[]::float8[]"
    if vectors:
        cosines = f"ARRAY[{', '.join('1 - (p.embedding <=> %s::vector)' for _ in vectors)}]"
    asked = " | ".join(_quoted(word.lexeme) for word in words if word.text == 0)
    rank = "ts_rank(p.search, %s::tsquery)" if asked else "0"
    statement = (  # fixed fragments joined; every value is a parameter
        "SELECT p.id, p.article_id, a.external_id, a.revision, a.title, a.url, a.slug,"  # noqa: S608
        " p.heading,"
        f" p.kind, p.plain, {cosines}, {rank}"
        " FROM conversations_passage p JOIN conversations_article a ON a.id = p.article_id"
        f" WHERE p.id IN ({' UNION '.join(sql for sql, _ in parts)}) ORDER BY p.id"
    )
    found = [value for _, own in parts for value in own]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*vectors, *([asked] if asked else []), *found])
        prefix = get_script_prefix()
        return [_hit(row, prefix) for row in cursor.fetchall()]


def _hit(row: tuple[Any, ...], prefix: str) -> PassageHit:
    (number, article_id, external_id, revision, title, url, slug, heading, kind, plain,
     cosines, rank) = row  # fmt: skip
    similar = tuple(cosines) if cosines and cosines[0] is not None else ()
    vector_score = similar[0] if similar else None
    text_score = float(rank) if rank else None
    return PassageHit(
        passage_id=number,
        article_id=article_id,
        external_id=external_id,
        revision=revision,
        title=title,
        url=url or _address(prefix, slug),
        heading=heading,
        kind=kind,
        text=plain,
        vector_score=vector_score,
        text_score=text_score,
        score=(vector_score or 0.0) + (text_score or 0.0),
        similarities=similar,
    )


def help_address(slug: str) -> str:
    """The address of an article in this portal's help centre."""
    return _address(get_script_prefix(), slug)


@lru_cache(maxsize=20_000)
def _address(_prefix: str, slug: str) -> str:
    """Made once: a hundred a question are asked for, at 0.1 ms each."""
    try:
        return reverse("help-article", args=[slug])
    except NoReverseMatch:  # a process without the portal's pages, such as a test of search alone
        return f"/help/{slug}/"


def _weight(word: SearchWord) -> int:
    """In millionths: whole numbers add up to the same sum in any order."""
    return round(1e6 / (1.0 + word.articles) ** 0.5)


def _quoted(lexeme: str) -> str:
    escaped = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def vector_literal(vector: Vectors) -> str:
    return f"[{','.join(['%.6g'] * len(vector))}]" % tuple(vector.tolist())
