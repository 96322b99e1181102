"""What was decided for a turn, before a token is generated."""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from conversations.dialogue.memory import Memory
from conversations.retrieval.types import ArticleHit, SearchResult

Action = Literal["answer", "clarify", "escalate"]


@dataclass(frozen=True)
class LastTurn:
    """What the assistant did last in this conversation, and the choices that it offered.

    `waiting`: a request of this conversation waits for a person.
    """

    action: str = ""
    reason: str = ""
    choices: tuple[dict[str, Any], ...] = ()
    waiting: bool = False


@dataclass(frozen=True)
class Judgement:
    """`reply` is a ready sentence (a courtesy, a question back, a hand-over); empty: write from
    `articles`, in answer to `question` where that is not the customer's last message. `closing` is
    said after it. `hand_over` is the reason of the escalation to open, or
    empty; `language` what the customer writes in, where it is plain. `trace` is what the decision
    was made of; it took `decision_s` seconds after the search."""

    action: Action
    reason: str
    confidence: float | None = None
    reply: str = ""
    question: str = ""
    closing: str = ""
    hand_over: str = ""
    language: str = ""
    articles: tuple[ArticleHit, ...] = ()
    choices: tuple[dict[str, Any], ...] = ()
    result: SearchResult | None = None
    trace: dict[str, Any] = field(default_factory=dict)
    decision_s: float = 0.0


class Judge(Protocol):
    """Searches and decides."""

    def judge(self, memory: Memory, *, last: LastTurn, rung: str = "") -> Judgement:
        """`rung` is the one that would write; it may have a threshold of its own."""
        ...
