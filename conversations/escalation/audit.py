"""The desk's log: every action is one entry, written with what it did; the desks are rung after."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from conversations.models import AuditEntry, Escalation
from conversations.streaming.doorbell import doorbell
from conversations.tables import AUDIT_ENTRIES

DESK_GROUP = "desk"


def record(
    *,
    action: str,
    now: datetime,
    actor: int | None = None,
    escalation: Escalation | None = None,
    conversation_id: UUID | None = None,
    **details: Any,
) -> AuditEntry:
    """Log an action in the present transaction. `details` are ids, codes and numbers, no words."""
    if escalation is not None:
        conversation_id = escalation.conversation_id
    entry = AuditEntry(
        at=now,
        actor_id=actor,
        action=action,
        conversation_id=conversation_id,
        escalation_id=escalation.pk if escalation else None,
        details=details,
    )
    AUDIT_ENTRIES.insert([entry])
    transaction.on_commit(partial(_ring_desks, entry.pk))
    return entry


def _ring_desks(entry: int) -> None:
    """Tell every open desk to look into the log, unless it has this entry already."""
    doorbell.send(DESK_GROUP, {"type": "desk.changed", "entry": entry})
