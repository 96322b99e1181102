"""ThemeService: reads questions that no theme has yet, and keeps the themes and their names."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from django.db import connection, transaction

from conversations.retrieval.embedding import Embedder
from insights.ledger.refresh import ledger_lock
from insights.ledger.rollup import roll_dirty
from insights.models import Theme, TurnFact
from insights.themes.clustering import Cluster, assign, joined
from insights.themes.naming import name, said, trimmed
from portal.core.service import BaseService

BATCH = 500
#: Older questions are of no use to what rises and falls.
WITHIN = timedelta(days=200)


@dataclass(frozen=True)
class Asked:
    turn: UUID
    at: datetime
    text: str


class ThemeService(BaseService):
    name = "themes"

    def __init__(self, *, embedder: Callable[[], Embedder]) -> None:
        super().__init__()
        self.embedder = embedder

    def find(
        self, *, now: datetime, most: int, progress: Callable[[int], object] | None = None
    ) -> int:
        """Give up to `most` questions their theme, the newest first. Returns how many.

        What rises today is known before last winter's is: a first look at a long past takes hours.

        Raises EmbeddingUnavailable. Two at once wait for each other.
        """
        done = 0
        with self.operation("find"):
            embedder = self.embedder()
            if Theme.objects.exclude(embedder=embedder.name).exists():
                self.forget()  # vectors of different models say nothing about each other
            while done < most:
                batch = _waiting(now - WITHIN, min(BATCH, most - done))
                if not batch:
                    break
                self._read(batch, embedder)
                done += len(batch)
                if progress:
                    progress(len(batch))
            if done:
                _rename()
        return done

    def forget(self) -> None:
        """Drop all themes; the next look finds them anew."""
        with transaction.atomic(), connection.cursor() as cursor:
            ledger_lock(cursor)
            Theme.objects.all().delete()
            TurnFact.objects.exclude(theme=None).update(theme=None)
            roll_dirty()

    def _read(self, batch: list[Asked], embedder: Embedder) -> None:
        texts = sorted({item.text for item in batch})
        vectors = dict(zip(texts, embedder.embed(texts), strict=True))
        rows = np.array([vectors[item.text] for item in batch], dtype=np.float32)
        with transaction.atomic(), connection.cursor() as cursor:
            ledger_lock(cursor)
            stored = list(Theme.objects.order_by("pk"))
            clusters = [
                Cluster(np.array(theme.total, dtype=np.float32), theme.size, theme.pk)
                for theme in stored
            ]
            places = assign(rows, clusters)
            themes = _kept(stored, clusters, batch, places, embedder.name)
            _mark(
                [(item.turn, themes[place].pk) for item, place in zip(batch, places, strict=True)]
            )
            _join(themes, clusters)
            roll_dirty()


def _waiting(since: datetime, most: int) -> list[Asked]:
    """Questions without a theme, the newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT f.turn_id, f.at, m.text
              FROM insights_turnfact f
              JOIN conversations_turn t ON t.id = f.turn_id
              JOIN conversations_message m ON m.id = t.question_id
             WHERE f.theme IS NULL AND f.kind <> 'courtesy' AND f.at >= %s
             ORDER BY f.at DESC, f.turn_id LIMIT %s
            """,
            [since, most],
        )
        return [Asked(*row) for row in cursor.fetchall()]


def _kept(
    stored: list[Theme], clusters: list[Cluster], batch: list[Asked], places: list[int], model: str
) -> list[Theme]:
    """The themes of all clusters, with the new questions' vectors and words in them."""
    asked: dict[int, list[Asked]] = {}
    for item, place in zip(batch, places, strict=True):
        asked.setdefault(place, []).append(item)
    themes = list(stored)
    for place in range(len(stored), len(clusters)):
        first = asked[place][0].at
        themes.append(Theme(embedder=model, first_at=first, size=0, total=clusters[place].total))
    for place, items in sorted(asked.items()):
        theme, cluster = themes[place], clusters[place]
        theme.total, theme.size = cluster.total.tolist(), cluster.size
        theme.words = trimmed(Counter(theme.words) + said(item.text for item in items))
        theme.first_at = min(theme.first_at, *(item.at for item in items))
        theme.save()
    return themes


def _mark(rows: list[tuple[UUID, int]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE insights_turnfact f SET theme = given.theme "
            "FROM unnest(%s::uuid[], %s::text[]) AS given(turn_id, theme) "
            "WHERE f.turn_id = given.turn_id",
            [[turn for turn, _ in rows], [str(theme) for _, theme in rows]],
        )


def _join(themes: list[Theme], clusters: list[Cluster]) -> None:
    """Make one of themes that have come together."""
    for place, into in joined(clusters).items():
        gone, kept = themes[place], themes[into]
        clusters[into].total = clusters[into].total + clusters[place].total
        clusters[into].size += clusters[place].size
        kept.total, kept.size = clusters[into].total.tolist(), clusters[into].size
        kept.words = trimmed(Counter(kept.words) + Counter(gone.words))
        kept.first_at = min(kept.first_at, gone.first_at)
        kept.save()
        TurnFact.objects.filter(theme=str(gone.pk)).update(theme=str(kept.pk))
        gone.delete()


def _rename() -> None:
    """Names follow the words; a theme whose words do not stand out has none."""
    themes = list(Theme.objects.all())
    everywhere: Counter[str] = Counter()
    for theme in themes:
        everywhere.update(theme.words)
    number = sum(theme.size for theme in themes)
    changed = []
    for theme in themes:
        wanted = name(theme.words, theme.size, everywhere, number)[:160]
        if wanted != theme.name:
            theme.name = wanted
            changed.append(theme)
    Theme.objects.bulk_update(changed, ["name"], batch_size=500)
