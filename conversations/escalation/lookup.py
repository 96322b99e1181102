"""What an agent can look up: the help articles, past answers of colleagues, and the log."""

from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Substr

from conversations import queries
from conversations.access import Agent, visible_conversation
from conversations.escalation import people
from conversations.escalation.said import PEOPLE, ended_lately, messages_that_say
from conversations.models import AuditEntry, Escalation, Message

ARTICLES = 8
PAST = 10
#: Words of a question that are looked for.
WORDS = 20


def knowledge(words: str) -> dict[str, Any]:
    """Help articles by their words, slips of the pen corrected, best first."""
    hits = queries.help_search(words, limit=ARTICLES) if words else []
    return {
        "articles": [
            {"id": hit.slug, "title": hit.title, "url": hit.url, "excerpt": hit.excerpt}
            for hit in hits
        ]
    }


def past_answers(agent: Agent, words: str) -> dict[str, Any]:
    """Resolved conversations in which something like this was said, with the agent's answer.

    All words first; where that gives too little, any of them.
    """
    some = words.replace('"', " ").split()[:WORDS]
    if not some:
        return {"conversations": []}
    lately = ended_lately(agent)
    found = dict(messages_that_say(" ".join(some), lately, PEOPLE))
    best = _best(agent, found, some)
    if len(best) < PAST and len(some) > 1:
        found |= dict(messages_that_say(" or ".join(some), lately, PEOPLE))
        best = _best(agent, found, some)
    return {
        "conversations": [
            {
                "conversation": str(item.conversation_id),
                "resolved_at": item.ended_at.isoformat() if item.ended_at else None,
                "topic": item.topic,
                "question": item.question,
                "answer": item.answer,
                "agent": people.person(item.agent),
            }
            for item in best
        ]
    }


def _best(agent: Agent, found: dict[UUID, UUID], words: list[str]) -> list[Any]:
    """Of the conversations of these messages those that an agent resolved, the best fit first."""
    query = SearchQuery(" or ".join(words), config="english", search_type="websearch")
    ranked = Message.objects.filter(pk__in=list(found)).annotate(
        rank=SearchRank(SearchVector("text", config="english"), query)
    )
    weighed = dict[UUID, float]()
    for conversation_id, rank in ranked.values_list("conversation_id", "rank"):
        weighed[conversation_id] = weighed.get(conversation_id, 0.0) + rank
    in_it = Message.objects.filter(conversation=OuterRef("conversation"))
    asked = in_it.filter(author=Message.Author.CUSTOMER).order_by("seq")
    answered = in_it.filter(author=Message.Author.AGENT).order_by("-seq")
    resolved = (
        Escalation.objects.filter(
            agent.visible, state=Escalation.State.RESOLVED, conversation_id__in=list(weighed)
        )
        .select_related("agent__agent_profile")
        .annotate(
            question=Subquery(asked.values(cut=Substr("text", 1, 400))[:1]),
            answer=Subquery(answered.values("text")[:1]),
        )
        .exclude(answer=None)
    )
    return sorted(resolved, key=lambda item: -weighed[item.conversation_id])[:PAST]


def audit_of(agent: Agent, conversation_id: UUID) -> dict[str, Any]:
    """What was done with a conversation, oldest first. Raises NotAllowed."""
    visible_conversation(agent, conversation_id)
    agent.require("read_audit")
    entries = AuditEntry.objects.filter(conversation_id=conversation_id)
    return {
        "entries": [
            {
                "id": entry.pk,
                "at": entry.at.isoformat(),
                "actor": people.person(entry.actor),
                "action": entry.action,
                "details": entry.details,
            }
            for entry in entries.select_related("actor__agent_profile").order_by("id")[:500]
        ]
    }
