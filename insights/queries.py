"""What the list of rows shows of each: reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import OuterRef, Subquery

from conversations.models import Conversation, Message
from insights.figures.figure import Behind
from insights.models import ConversationFact, InsightsState


@dataclass(frozen=True)
class Listed:
    """A row behind a figure, as it is listed: what the customer asked, and how it ended."""

    key: UUID
    conversation: UUID
    at: datetime
    question: str
    topic: str
    outcome: str
    language: str
    channel: str


def listed(behind: Sequence[Behind]) -> list[Listed]:
    """The rows with their conversations' beginnings: two queries, however many there are."""
    ids = {item.conversation for item in behind}
    asked = Message.objects.filter(conversation=OuterRef("pk"), author=Message.Author.CUSTOMER)
    questions = dict(
        Conversation.objects.filter(pk__in=ids)
        .annotate(question=Subquery(asked.order_by("seq").values("text")[:1]))
        .values_list("pk", "question")
    )
    facts = {fact.conversation_id: fact for fact in ConversationFact.objects.filter(pk__in=ids)}
    found = []
    for item in behind:
        fact = facts.get(item.conversation)
        found.append(
            Listed(
                item.key, item.conversation, item.at, questions.get(item.conversation) or "",
                fact.topic if fact else "", fact.get_outcome_display() if fact else "",
                fact.language if fact else "", fact.channel if fact else "",
            )
        )  # fmt: skip
    return found


def read_until() -> datetime | None:
    """Up to when the ledger has read the record."""
    return InsightsState.objects.filter(pk=1).values_list("read_until", flat=True).first()


def shows_demonstration() -> bool:
    return ConversationFact.objects.filter(demo=True).exists()
