"""LedgerService: keeps the facts and their hourly sums in step with the record.

`refresh` reads what changed; `rebuild` reads everything. Both end in the same rows, whatever the
order and however often they run. Facts and sums change in one transaction, so no reader sees one
without the other.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from conversations.models import Conversation
from insights.ledger import statements
from insights.ledger.rollup import roll_dirty
from insights.measures import DIGEST, TABLES
from insights.models import InsightsState
from portal.core.service import BaseService

BATCH = 5_000
#: A transaction may commit this long after the times that it wrote.
SLACK = timedelta(minutes=10)
_RECORD = tuple(
    f"conversations_{name}"
    for name in "conversation message turn citation turnpassage rating review escalation".split()
)
_MARK = (
    "INSERT INTO insights_dirtyhour (grain, hour) "
    "SELECT DISTINCT '{grain}', date_trunc('hour', at, 'UTC') FROM insights_{grain}fact "
    "WHERE conversation_id = ANY(%(scope)s) ON CONFLICT DO NOTHING"
)
_LOCK = 0x1E46E2  # one refresh at a time in this database


class LedgerService(BaseService):
    name = "ledger"

    def refresh(self, *, now: datetime) -> int:
        """Read what changed since the last look. Returns the number of conversations read.

        A first look, or one after the catalogue changed, rebuilds.
        """
        state = InsightsState.objects.filter(pk=1).first()
        if state is None or state.read_until is None or state.catalogue != DIGEST:
            return self.rebuild(now=now)
        with self.operation("refresh"):
            with connection.cursor() as cursor:
                cursor.execute(statements.CHANGED, {"since": state.read_until - SLACK})
                changed = [row[0] for row in cursor.fetchall()]
            for start in range(0, len(changed), BATCH):
                self._read(changed[start : start + BATCH], now)
            self._read([], now, sweep=True)
            InsightsState.objects.filter(pk=1).update(read_until=now)
        return len(changed)

    def rebuild(self, *, now: datetime, progress: Callable[[int], object] | None = None) -> int:
        """Read every conversation. `progress` hears the size of each batch that is done."""
        with self.operation("rebuild"):
            seen = done = 0
            _analyze(*_RECORD)
            anew = not InsightsState.objects.filter(pk=1, catalogue=DIGEST).exists()
            if anew:
                self._forget_rollups()
            for ids in _batches():
                self._read(ids, now, anew=anew)
                seen, done = seen + len(ids), done + 1
                if done & (done - 1) == 0:  # after 1, 2, 4, 8 … batches
                    _analyze(*TABLES.values(), "insights_rollup", "insights_histogram")
                if progress:
                    progress(len(ids))
            self._read([], now, sweep=True)
            InsightsState.objects.update_or_create(
                pk=1, defaults={"read_until": now, "catalogue": DIGEST}
            )
        return seen

    def _forget_rollups(self) -> None:
        """Sums of another catalogue are of no use; nobody reads them meanwhile."""
        with transaction.atomic(), connection.cursor() as cursor:
            ledger_lock(cursor)
            cursor.execute("TRUNCATE insights_rollup, insights_histogram")

    def _read(
        self, scope: list[UUID], now: datetime, *, sweep: bool = False, anew: bool = False
    ) -> None:
        """Facts of these conversations, and the sums of the hours that this changed.

        `anew`: of all their hours, changed or not.
        """
        values: dict[str, Any] = {"scope": scope, "now": now, "sweep": sweep}
        with transaction.atomic(), connection.cursor() as cursor:
            ledger_lock(cursor)
            if scope:
                cursor.execute(statements.STALE_TURNS, values)
                cursor.execute(statements.TURNS, values)
                cursor.execute(statements.CONVERSATIONS, values)
            cursor.execute(statements.OUTCOMES, values)
            if scope:
                cursor.execute(statements.ESCALATIONS, values)
            if anew:
                for grain in TABLES:
                    cursor.execute(_MARK.format(grain=grain), values)
            roll_dirty()


def _analyze(*tables: str) -> None:
    """Tell the planner the sizes: it plans for what was there before a load, at worst nothing."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(tables)}")


def ledger_lock(cursor: Any) -> None:
    """Facts and sums change in one transaction at a time."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _batches() -> Iterator[list[UUID]]:
    """Ids of all conversations in the order of their beginning, so that hours stay together."""
    ids = Conversation.objects.order_by("created_at", "id").values_list("id", flat=True)
    rows = ids.iterator(chunk_size=BATCH)
    while batch := list(islice(rows, BATCH)):
        yield batch
