"""What the knowledge base looks like as a whole, kept per process and renewed when it changes.

Two views: CorpusStatistics for the ranking (counted in Python from the passages' plain words) and
the Term table for choosing and correcting search words (counted by PostgreSQL). Readers may see
figures that are a few seconds old; they only weigh, they never decide what is found.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from time import monotonic
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from conversations.models import Article, KnowledgeState, Passage, Synonym, Term
from conversations.retrieval.corpus import CorpusPassage, CorpusStatistics, build_statistics
from conversations.retrieval.geometry import GeometryBuilder
from conversations.retrieval.synonyms import Entry, Synonyms

CHECK_SECONDS = 2.0
BATCH = 2_000
#: Up to here the figures are renewed before the question goes on; beyond, in the background.
RENEW_IN_LINE = 3_000
_TERMS_LOCK = 7_201  # advisory lock: one rebuild of the Term table at a time
_LONGEST_CORRECTED = 24

logger = logging.getLogger(__name__)


def bump_version() -> None:
    """Tell every process that the knowledge has changed."""
    KnowledgeState.objects.get_or_create(pk=1)
    KnowledgeState.objects.filter(pk=1).update(version=F("version") + 1)


def current_version() -> int:
    return KnowledgeState.objects.filter(pk=1).values_list("version", flat=True).first() or 0


def count_terms() -> int:
    """Rebuild the Term table from the published articles; returns how many words it holds."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TERMS_LOCK])
        Term.objects.all().delete()
        cursor.execute(
            "SELECT word, ndoc FROM ts_stat($$SELECT search FROM conversations_article "
            "WHERE status = 'published' AND search IS NOT NULL$$) WHERE length(word) <= 255"
        )
        rows = [Term(lexeme=w, articles=n, deletions=deletions(w)) for w, n in cursor.fetchall()]
        Term.objects.bulk_create(rows, batch_size=2_000, ignore_conflicts=True)
    return len(rows)


def deletions(word: str) -> list[str]:
    """The word and the word less each one of its letters; alone if it is no plain word."""
    if not word.isalpha() or not 3 < len(word) <= _LONGEST_CORRECTED:
        return []
    return [word, *dict.fromkeys(word[:i] + word[i + 1 :] for i in range(len(word)))]


def count_corpus(*, with_vectors: bool = True) -> CorpusStatistics:
    """Read every published passage once; a batch at a time is in memory."""
    geometry = GeometryBuilder()
    statistics = build_statistics(_passages(geometry if with_vectors else None))
    return replace(statistics, geometry=geometry.build(), synonyms=_synonyms())


def _synonyms() -> Synonyms:
    rows = Synonym.objects.values_list("term", "words", "language")
    return Synonyms(tuple(Entry(term, tuple(words), code) for term, words, code in rows))


def _passages(geometry: GeometryBuilder | None) -> Iterator[CorpusPassage]:
    names = ["article_id", "article__title", "kind", "plain"]
    rows = (
        Passage.objects.filter(article__status=Article.Status.PUBLISHED)
        .order_by("article_id", "ordinal")
        .values_list(*names, *(["embedding"] if geometry else []))
    )
    for batch in _batches(rows.iterator(chunk_size=BATCH)):
        if geometry:
            geometry.add((row[0], row[2], row[4]) for row in batch if row[4] is not None)
        yield from (CorpusPassage(*row[:4]) for row in batch)


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch


class CorpusCache:
    """CorpusStatistics of the current version. Thread-safe; one rebuild at a time.

    `with_vectors` False leaves out how the articles lie to each other, for searches by words.
    """

    def __init__(
        self, *, with_vectors: bool = True, clock: Callable[[], float] = monotonic
    ) -> None:
        self._with_vectors = with_vectors
        self._clock = clock
        self._lock = threading.Lock()
        self._statistics: CorpusStatistics | None = None
        self._version = -1
        self._checked = 0.0

    def get(self) -> CorpusStatistics:
        """The latest figures at hand; at most one query in CHECK_SECONDS."""
        statistics = self._statistics
        if statistics is None:
            return self.refresh()
        if self._clock() - self._checked < CHECK_SECONDS:
            return statistics
        self._checked = self._clock()
        if current_version() == self._version:
            return statistics
        if statistics.passages <= RENEW_IN_LINE:
            return self.refresh()
        threading.Thread(target=self._refresh_quietly, name="corpus", daemon=True).start()
        return statistics

    def refresh(self) -> CorpusStatistics:
        """Count now, unless another thread has just done so."""
        with self._lock:
            version = current_version()
            if self._statistics is None or version != self._version:
                self._statistics = count_corpus(with_vectors=self._with_vectors)
                self._version = version
            self._checked = self._clock()
            return self._statistics

    def _refresh_quietly(self) -> None:
        try:
            self.refresh()
        except Exception:  # the old figures serve on; the next check tries again
            logger.exception("the corpus statistics could not be renewed")
        finally:
            connection.close()
