"""The supervisors' rules as they stand, held against conversations. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from conversations.escalation.rules import Rule, Said, first_fit, fits
from conversations.models import Conversation, Escalation, EscalationRule, Message
from conversations.tables import ESCALATION_RULES, MESSAGES
from portal.core.prepared import prepared_cursor

#: The newest messages of customers that a preview looks at, and how many of the fitting it shows.
PREVIEWED, SHOWN = 2_000, 10


@dataclass(frozen=True)
class Example:
    conversation: UUID
    at: datetime
    text: str


@dataclass(frozen=True)
class Preview:
    """Which of the newest messages a rule fits. `looked_at` is PREVIEWED or what there is."""

    looked_at: int
    fitting: int
    examples: tuple[Example, ...]


def as_rule(row: EscalationRule) -> Rule:
    return Rule(
        row.pk, row.name, tuple(row.words), row.topic, row.language, row.customer, row.priority,
        row.team_id, row.supervisor,
    )  # fmt: skip


def fitting(conversation: Conversation, text: str) -> Rule | None:
    """The first rule in force that fits and has not acted in this conversation yet.

    Once a colleague ended what a rule began, the same rule does not begin it again.
    """
    rules = [as_rule(row) for row in ESCALATION_RULES.read("active ORDER BY position, id")]
    if not rules:
        return None
    acted = set(
        Escalation.objects.filter(conversation=conversation, rule__isnull=False).values_list(
            "rule_id", flat=True
        )
    )
    left = [rule for rule in rules if rule.id not in acted]
    topics = topics_of([conversation.pk]) if any(rule.topic for rule in left) else {}
    return first_fit(left, _said(conversation, text, topics))


def preview(rule: Rule) -> Preview:
    """What the rule would have found, message by message, in what customers wrote lately."""
    newest = list(
        Message.objects.filter(author=Message.Author.CUSTOMER)
        .select_related("conversation__customer")
        .order_by("-created_at")[:PREVIEWED]
    )
    topics = topics_of({item.conversation_id for item in newest}) if rule.topic else {}
    found = [item for item in newest if fits(rule, _said(item.conversation, item.text, topics))]
    examples = tuple(
        Example(item.conversation_id, item.created_at, item.text) for item in found[:SHOWN]
    )
    return Preview(len(newest), len(found), examples)


def last_words(conversation: Conversation) -> str:
    """What the customer wrote last, or nothing."""
    said = MESSAGES.first(
        "conversation_id = %s AND author = 'customer' ORDER BY seq DESC", [conversation.pk]
    )
    return said.text if said else ""


_TOPICS = """
SELECT DISTINCT ON (turn.conversation_id) turn.conversation_id, section.title
  FROM conversations_turn turn
  JOIN conversations_turnpassage best ON best.turn_id = turn.id AND best.rank = 1
  JOIN conversations_article article ON article.id = best.article_id
  JOIN conversations_section section ON section.id = article.section_id
 WHERE turn.conversation_id = ANY(%s)
 ORDER BY turn.conversation_id, turn.accepted_at DESC
"""


def topics_of(conversations: Iterable[UUID]) -> dict[UUID, str]:
    """The shelf of the best article of each conversation's last turn that found one."""
    with prepared_cursor() as cursor:
        cursor.execute(_TOPICS, [list(conversations)])
        return {conversation: title[:80] for conversation, title in cursor.fetchall()}


def _said(conversation: Conversation, text: str, topics: dict[Any, str]) -> Said:
    customer = conversation.customer
    known = (
        (customer.identity, customer.email, conversation.contact_email)
        if customer
        else (conversation.contact_email,)
    )
    return Said(
        text,
        topics.get(conversation.pk, ""),
        conversation.language,
        tuple(value for value in known if value),
    )
