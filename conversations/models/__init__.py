"""The record: conversations, turns, knowledge, escalations and reviews. Integrity is in the database."""

from conversations.models.conversation import (
    Conversation,
    ConversationEvent,
    Customer,
    MemoryFact,
    Message,
    Rating,
)
from conversations.models.escalation import Escalation
from conversations.models.knowledge import (
    Article,
    ArticleRevision,
    KnowledgeState,
    Passage,
    Section,
    Term,
)
from conversations.models.review import Review
from conversations.models.turn import Citation, Turn, TurnPassage

__all__ = [
    "Article",
    "ArticleRevision",
    "Citation",
    "Conversation",
    "ConversationEvent",
    "Customer",
    "Escalation",
    "KnowledgeState",
    "MemoryFact",
    "Message",
    "Passage",
    "Rating",
    "Review",
    "Section",
    "Term",
    "Turn",
    "TurnPassage",
]
