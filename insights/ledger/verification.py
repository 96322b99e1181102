"""Do the sums say what the rows say? Every measure by every dimension, also after late events."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import connection

from insights.figures.figure import figures
from insights.figures.periods import Period
from insights.figures.plan import Plan, check
from insights.ledger.refresh import LedgerService
from insights.measures import MEASURES, allowed
from insights.measures.histogram import ERROR
from insights.seeding.mark import MARK
from portal.core.service import BaseService


@dataclass(frozen=True)
class Difference:
    """A group whose figure from sums is not that from rows."""

    measure: str
    dimension: str
    key: str
    rolled: Any
    counted: Any


class VerificationService(BaseService):
    name = "verification"

    def compare(
        self, period: Period, *, progress: Callable[[int], object] | None = None
    ) -> tuple[int, list[Difference]]:
        """How many figures were compared, and those that differ. Percentiles within ERROR."""
        compared, found = 0, []
        with self.operation("compare"):
            for plan in plans(period):
                rolled = {item.key: item for item in figures(plan)}
                counted = {item.key: item for item in figures(plan, exact=True)}
                for key in {*rolled, *counted}:
                    compared += 1
                    one, other = rolled.get(key), counted.get(key)
                    if not _same(plan, one, other):
                        found.append(Difference(plan.measure, plan.group, key, one, other))
                if progress:
                    progress(1)
        return compared, found

    def disturb(self, *, events: int, seed: int, now: datetime) -> int:
        """Late and repeated events in the demonstration history, read in pieces. Returns how many.

        Late ratings, verdicts that change, answers to surveys, words long after the end and
        hand-overs that end later; after each tenth the ledger reads, sometimes twice.
        """
        random = Random(seed)
        ledger, done = LedgerService(), 0
        with self.operation("disturb"), connection.cursor() as cursor:
            for _ in range(10):
                for sql in _EVENTS:
                    cursor.execute(sql, {
                        "mark": MARK, "most": max(1, events // 10 // len(_EVENTS)),
                        "seed": str(random.random()), "now": now,
                        "late": now - timedelta(days=random.randint(0, 60)),
                    })  # fmt: skip
                    done += cursor.rowcount
                for _again in range(random.randint(1, 2)):
                    ledger.refresh(now=now)
        return done


def plans(period: Period) -> Iterator[Plan]:
    """Every measure alone and by each of its dimensions."""
    for measure in MEASURES.values():
        for group in ("", *(item.key for item in allowed(measure))):
            yield check(Plan(measure.key, period, group=group))


def _same(plan: Plan, one: Any, other: Any) -> bool:
    if one is None or other is None or plan.definition.kind != "percentile":
        return bool(one == other)
    if (one.counted, one.out_of, one.rows) != (other.counted, other.out_of, other.rows):
        return False
    if one.raw is None or other.raw is None:
        return bool(one.raw == other.raw)
    return abs(one.raw - other.raw) <= (ERROR + 1e-9) * abs(other.raw)


_SOME = """
    SELECT id FROM conversations_conversation WHERE token_hash = %(mark)s
     ORDER BY md5(id::text || %(seed)s) LIMIT %(most)s
"""
_EVENTS = (
    f"""INSERT INTO conversations_rating (message_id, score, created_at, updated_at)
        SELECT DISTINCT ON (m.conversation_id) m.id,
               CASE WHEN ascii(md5(m.id::text)) %% 2 = 0 THEN 1 ELSE -1 END, now(), now()
          FROM conversations_message m
         WHERE m.author = 'assistant' AND m.conversation_id IN ({_SOME})
         ORDER BY m.conversation_id, m.seq DESC
            ON CONFLICT (message_id) DO UPDATE SET score = -conversations_rating.score,
                                                   updated_at = now()""",
    f"""UPDATE conversations_review r
           SET verdict = CASE r.verdict WHEN 'right' THEN 'wrong' ELSE 'right' END,
               updated_at = now()
          FROM conversations_turn t
         WHERE t.id = r.turn_id AND t.conversation_id IN ({_SOME})""",
    f"""WITH last AS (
            SELECT conversation_id AS id, max(seq) + 1 AS seq FROM conversations_message
             WHERE conversation_id IN ({_SOME}) GROUP BY 1
        ), said AS (
            INSERT INTO conversations_message
                   (id, conversation_id, seq, author, text, created_at, client_id)
            SELECT gen_random_uuid(), id, seq, 'customer', 'late', %(late)s, NULL FROM last
        )
        UPDATE conversations_conversation c SET head_seq = last.seq, updated_at = now()
          FROM last WHERE c.id = last.id""",
    f"""UPDATE conversations_escalation
           SET ended_at = least(ended_at + interval '7 minutes', %(now)s)
         WHERE state = 'resolved' AND conversation_id IN ({_SOME})""",
    f"""UPDATE conversations_conversation SET updated_at = now() WHERE id IN ({_SOME})""",
)
