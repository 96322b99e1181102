"""The rows that the path of a turn reads and writes, by SQL (portal/core/table.py)."""

from collections.abc import Sequence

from conversations.models import (
    AuditEntry,
    CachedAnswer,
    Citation,
    Conversation,
    ConversationEvent,
    Escalation,
    EscalationRule,
    MemoryFact,
    Message,
    Turn,
    TurnPassage,
)
from portal.core.table import Table

CONVERSATIONS = Table(Conversation)
MESSAGES = Table(Message)
EVENTS = Table(ConversationEvent)
TURNS = Table(Turn)
TURN_PASSAGES = Table(TurnPassage)
CACHED_ANSWERS = Table(CachedAnswer)
CITATIONS = Table(Citation)
AUDIT_ENTRIES = Table(AuditEntry)
ESCALATIONS = Table(Escalation)
ESCALATION_RULES = Table(EscalationRule)
MEMORY_FACTS = Table(MemoryFact)


def one_of(column: str, states: Sequence[str]) -> str:
    """`column IN (…)` of a model's own constants, so that partial indexes serve."""
    quoted = ", ".join(f"'{state}'" for state in states)
    return f"{column} IN ({quoted})"


LIVE = one_of("state", Turn.LIVE)
OPEN = one_of("state", Escalation.OPEN)
