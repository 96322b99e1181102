"""The record: conversations, turns, knowledge, escalations, reviews. The database keeps it."""

from conversations.models.api_token import ApiToken, IdempotentAnswer, Scope
from conversations.models.cache import CachedAnswer
from conversations.models.conversation import (
    Conversation,
    ConversationEvent,
    Customer,
    MemoryFact,
    Message,
    Rating,
)
from conversations.models.decision import ErrorLimit
from conversations.models.desk import (
    AgentDraft,
    AuditEntry,
    CannedReply,
    Follow,
    Note,
    ResolutionSurvey,
    SavedView,
)
from conversations.models.escalation import Escalation
from conversations.models.hours import Holiday, OpeningHours, SlaPolicy
from conversations.models.knowledge import (
    Article,
    ArticleRevision,
    KnowledgeState,
    LearntPhrasing,
    Passage,
    Section,
    Term,
)
from conversations.models.review import Review, ReviewChange, ReviewDraw, ReviewItem
from conversations.models.rules import EscalationRule
from conversations.models.second_factor import AuthenticatorApp
from conversations.models.staff import AgentProfile, Team
from conversations.models.synonym import Synonym
from conversations.models.turn import Citation, Turn, TurnPassage
from conversations.models.worker import WorkerProcess

__all__ = [
    "AgentDraft",
    "AgentProfile",
    "ApiToken",
    "Article",
    "ArticleRevision",
    "AuditEntry",
    "AuthenticatorApp",
    "CachedAnswer",
    "CannedReply",
    "Citation",
    "Conversation",
    "ConversationEvent",
    "Customer",
    "ErrorLimit",
    "Escalation",
    "EscalationRule",
    "Follow",
    "Holiday",
    "IdempotentAnswer",
    "KnowledgeState",
    "LearntPhrasing",
    "MemoryFact",
    "Message",
    "Note",
    "OpeningHours",
    "Passage",
    "Rating",
    "ResolutionSurvey",
    "Review",
    "ReviewChange",
    "ReviewDraw",
    "ReviewItem",
    "SavedView",
    "Scope",
    "Section",
    "SlaPolicy",
    "Synonym",
    "Team",
    "Term",
    "Turn",
    "TurnPassage",
    "WorkerProcess",
]
