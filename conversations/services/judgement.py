"""What was decided for a turn, before a token is generated."""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from conversations.dialogue.memory import Memory
from conversations.retrieval.types import ArticleHit, SearchResult

Action = Literal["answer", "clarify", "escalate"]


@dataclass(frozen=True)
class Judgement:
    """`reply` is a ready sentence (small talk, a question back, a hand-over); empty: write from
    `articles`. `hand_over` opens an escalation. `trace` is what the decision was made of."""

    action: Action
    reason: str
    confidence: float | None = None
    reply: str = ""
    hand_over: bool = False
    articles: tuple[ArticleHit, ...] = ()
    choices: tuple[dict[str, str], ...] = ()
    result: SearchResult | None = None
    trace: dict[str, Any] = field(default_factory=dict)


class Judge(Protocol):
    """Searches and decides. Raises portal.core.errors.Unavailable when search is out of reach."""

    def judge(self, memory: Memory, *, last_action: str) -> Judgement: ...
