"""RetentionService: what is older than its clock goes, kind by kind. 0 days: kept for ever."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.db import connection, models, transaction
from django.db.models import Exists, F, OuterRef

from conversations.models import (
    AgentDraft,
    AuditEntry,
    CachedAnswer,
    Conversation,
    Customer,
    Escalation,
    IdempotentAnswer,
    Turn,
)
from conversations.privacy.anonymising import anonymise_customers, counted_trace
from conversations.privacy.erasure import BATCH, ErasureService
from conversations.privacy.subject import Subject
from portal.core.service import BaseService

LOOK_MOST = 50_000  # rows of a kind in one run; the next run goes on


class Clocks(Protocol):
    """Days for each kind (portal.conf.Config has them)."""

    @property
    def keep_transcripts_days(self) -> int: ...
    @property
    def keep_decisions_days(self) -> int: ...
    @property
    def keep_cached_answers_days(self) -> int: ...
    @property
    def keep_drafts_days(self) -> int: ...
    @property
    def keep_logins_days(self) -> int: ...
    @property
    def keep_audit_days(self) -> int: ...


#: Takes the time before which rows are old, and whether only to count them.
Step = Callable[[datetime, bool], int]


@dataclass(frozen=True)
class Applied:
    """What a run did with one kind, or would do."""

    kind: str
    days: int
    rows: int


class RetentionService(BaseService):
    name = "retention"

    def __init__(self, clocks: Clocks, erasure: ErasureService) -> None:
        super().__init__()
        self.clocks, self.erasure = clocks, erasure

    def apply(self, *, now: datetime, dry_run: bool = False) -> list[Applied]:
        """Apply every clock. With `dry_run` nothing changes and the rows are those that would go.

        Rows that figures are made of are anonymised, never deleted.
        """
        clocks = self.clocks
        self._now = now
        steps: tuple[tuple[str, int, Step], ...] = (
            ("transcripts", clocks.keep_transcripts_days, self._transcripts),
            ("decisions", clocks.keep_decisions_days, _decisions),
            ("cached answers", clocks.keep_cached_answers_days, _older(CachedAnswer, "created_at")),
            ("agents' drafts", clocks.keep_drafts_days, _older(AgentDraft, "saved_at")),
            ("logins", clocks.keep_logins_days, _logins),
            ("audit log", clocks.keep_audit_days, _audit),
        )
        with self.operation("apply", dry_run=dry_run):
            applied = [
                Applied(kind, days, step(now - timedelta(days=days), dry_run) if days else 0)
                for kind, days, step in steps
            ]
            applied.append(Applied("repeated requests", 1, _repeated(now, dry_run)))
        return applied

    def _transcripts(self, before: datetime, dry_run: bool) -> int:
        ids = list(old_conversations(before).values_list("pk", flat=True)[:LOOK_MOST])
        if not dry_run:
            for start in range(0, len(ids), BATCH):
                part = Subject(tuple(ids[start : start + BATCH]), ())
                self.erasure.erase(part, now=self._now, action="retention")
            with transaction.atomic():
                anonymise_customers(list(forgotten_customers(before)[:LOOK_MOST]))
        return len(ids)


def old_conversations(before: datetime) -> models.QuerySet[Conversation]:
    """Quiet since then, not waiting for anybody, and not anonymised yet."""
    waiting = Escalation.objects.open().filter(conversation=OuterRef("pk"))
    return (
        Conversation.objects.filter(updated_at__lt=before, erased_at__isnull=True)
        .exclude(Exists(waiting))
        .order_by("updated_at")
    )


def forgotten_customers(before: datetime) -> models.QuerySet[Any]:
    """Customers whose conversations are all anonymised, and who are named still."""
    remembered = Conversation.objects.filter(customer=OuterRef("pk"), erased_at__isnull=True)
    return (
        Customer.objects.filter(created_at__lt=before)
        .exclude(Exists(remembered))
        .exclude(identity__startswith="erased:")
        .values_list("pk", flat=True)
    )


def _decisions(before: datetime, dry_run: bool) -> int:
    """The reasons of a decision: search words and signals. The decision itself stays."""
    old = Turn.objects.filter(accepted_at__lt=before).exclude(state__in=Turn.LIVE)
    told = old.annotate(left=counted_trace()).exclude(query="", trace=F("left"))
    ids = list(told.values_list("pk", flat=True)[:LOOK_MOST])
    if not dry_run:
        Turn.objects.filter(pk__in=ids).update(query="", trace=counted_trace())
    return len(ids)


def _older(model: Any, column: str) -> Step:
    def step(before: datetime, dry_run: bool) -> int:
        rows = model.objects.filter(**{f"{column}__lt": before})
        return int(rows.count() if dry_run else rows.delete()[0])

    return step


def _logins(before: datetime, dry_run: bool) -> int:
    """Logins and failures of staff, and sessions that ended."""
    rows: list[models.QuerySet[Any]] = [
        AccessLog.objects.filter(attempt_time__lt=before),
        AccessFailureLog.objects.filter(attempt_time__lt=before),
        AccessAttempt.objects.filter(attempt_time__lt=before),
        Session.objects.filter(expire_date__lt=before),
    ]
    return sum(row.count() if dry_run else row.delete()[0] for row in rows)


def _audit(before: datetime, dry_run: bool) -> int:
    old = AuditEntry.objects.filter(at__lt=before)
    if dry_run:
        return old.count()
    with audit_may_shrink():
        return old.delete()[0]


@contextmanager
def audit_may_shrink() -> Iterator[None]:
    """The log's trigger lets old entries go in this transaction only (migration)."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL portal.retention = 'on'")
        yield


def _repeated(now: datetime, dry_run: bool) -> int:
    rows = IdempotentAnswer.objects.filter(created_at__lt=now - timedelta(days=1))
    return rows.count() if dry_run else rows.delete()[0]
