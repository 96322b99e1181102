"""Reads of the record for programs: which rows a filter means, and whose. Nothing here writes."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from conversations.models import (
    Article,
    ArticleRevision,
    Citation,
    Conversation,
    Escalation,
    Message,
    Turn,
)
from portal.core.errors import NotFound

Filters = Mapping[str, Any]


def conversations(visible: Q, wanted: Filters) -> QuerySet[Conversation]:
    """Filters: status, holder, channel, language, topic (of an escalation), since, until."""
    found = Conversation.objects.filter(visible, _between("created_at", wanted))
    found = found.filter(_equal(wanted, "status", "holder", "channel", "language"))
    if topic := wanted.get("topic"):
        about = Escalation.objects.filter(conversation=OuterRef("pk"), topic=topic)
        found = found.filter(Exists(about))
    return found.select_related("agent__agent_profile")


def conversation(visible: Q, conversation_id: UUID) -> Conversation:
    """Raises NotFound, alike for an unknown one and for one that the caller may not see."""
    found = conversations(visible, {}).filter(pk=conversation_id).first()
    if found is None:
        raise NotFound
    return found


def messages(conversation_id: UUID) -> QuerySet[Message]:
    return (
        Message.objects.filter(conversation_id=conversation_id)
        .select_related("turn", "rating", "user__agent_profile")
        .prefetch_related("citations")
    )


def turns(visible: Q, wanted: Filters) -> QuerySet[Turn]:
    """Filters: conversation, state, decision, tier, reason, since, until (of the acceptance)."""
    seen = Turn.objects.filter(_between("accepted_at", wanted))
    if visible:
        seen = seen.filter(conversation__in=Conversation.objects.filter(visible))
    seen = seen.filter(_equal(wanted, "state", "decision", "tier", "reason", "conversation"))
    cited = Citation.objects.select_related("article").order_by("number")
    return seen.select_related("question", "reply").prefetch_related(
        Prefetch("reply__citations", cited)
    )


def turn(visible: Q, turn_id: UUID) -> Turn:
    """Raises NotFound."""
    found = turns(visible, {}).filter(pk=turn_id).first()
    if found is None:
        raise NotFound
    return found


def escalations(visible: Q, wanted: Filters) -> QuerySet[Escalation]:
    """Filters: state, reason, topic, team, priority, conversation, since, until (opened)."""
    found = Escalation.objects.filter(visible, _between("opened_at", wanted))
    names = ("state", "reason", "topic", "team", "priority", "conversation")
    return found.filter(_equal(wanted, *names)).select_related("team", "agent__agent_profile")


def escalation(visible: Q, escalation_id: UUID) -> Escalation:
    """Raises NotFound."""
    found = escalations(visible, {}).filter(pk=escalation_id).first()
    if found is None:
        raise NotFound
    return found


def articles(wanted: Filters) -> QuerySet[Article]:
    """Filters: status, language, section (its slug), external_id, updated_since."""
    found = Article.objects.filter(_equal(wanted, "status", "language", "external_id"))
    if section := wanted.get("section"):
        found = found.filter(section__slug=section)
    if since := wanted.get("updated_since"):
        found = found.filter(updated_at__gte=since)
    return found.select_related("section")


def article(article_id: int) -> Article:
    """Raises NotFound."""
    found = articles({}).filter(pk=article_id).first()
    if found is None:
        raise NotFound
    return found


def revisions(article_id: int) -> QuerySet[ArticleRevision]:
    return ArticleRevision.objects.filter(article_id=article_id)


def message_counts(conversation_ids: list[UUID]) -> dict[UUID, int]:
    """How many messages each conversation has, in one query."""
    rows = Message.objects.filter(conversation_id__in=conversation_ids)
    return dict(rows.values_list("conversation").annotate(n=Count("pk")).order_by())


def _equal(wanted: Filters, *names: str) -> Q:
    return Q(**{name: wanted[name] for name in names if wanted.get(name) not in (None, "")})


def _between(field: str, wanted: Filters) -> Q:
    found = Q()
    if since := wanted.get("since"):
        found &= Q(**{f"{field}__gte": since})
    if until := wanted.get("until"):
        found &= Q(**{f"{field}__lt": until})
    return found
