"""What insights keeps: one fact row per conversation, turn and hand-over, rollups, assumptions."""

from insights.models.alert import AlertRule
from insights.models.assumption import Assumption
from insights.models.facts import ConversationFact, EscalationFact, Outcome, TurnFact
from insights.models.rollup import DirtyHour, Histogram, InsightsState, Rollup
from insights.models.subscription import BriefSubscription
from insights.models.theme import Theme

__all__ = [
    "AlertRule",
    "Assumption",
    "BriefSubscription",
    "ConversationFact",
    "DirtyHour",
    "EscalationFact",
    "Histogram",
    "InsightsState",
    "Outcome",
    "Rollup",
    "Theme",
    "TurnFact",
]
