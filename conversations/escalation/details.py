"""One conversation as an agent opens it: transcript, packet, passages, notes. Reads only."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Prefetch, Subquery
from django.db.models.functions import Substr

from conversations.access import Agent, visible_conversation, visible_to
from conversations.escalation import people
from conversations.escalation.packet import (
    Attempt,
    Earlier,
    Fact,
    Packet,
    Said,
    Source,
    assemble,
)
from conversations.escalation.rows import Viewer, allowed, iso, row, with_preview
from conversations.escalation.schedule import load_schedule
from conversations.models import (
    AgentDraft,
    Conversation,
    Escalation,
    Follow,
    Message,
    Note,
    Rating,
    ResolutionSurvey,
    Turn,
    TurnPassage,
)
from conversations.services import memory
from conversations.streaming.replay import message_payload

NEWEST = 100
PAGE = 50
TRIED = 10
EARLIER = 10


def read_conversation(agent: Agent, conversation_id: UUID, now: datetime) -> dict[str, Any]:
    """Everything that the desk shows of a conversation. Raises NotFound."""
    conversation = visible_conversation(agent, conversation_id, "agent__agent_profile")
    latest = Escalation.objects.filter(agent.visible, conversation=conversation)
    escalation = with_preview(latest.order_by("-opened_at"), agent.id).first()
    messages, more = read_messages(conversation_id, size=NEWEST)
    viewer = Viewer(agent.id, load_schedule(now), now)
    survey = ResolutionSurvey.objects.filter(conversation=conversation).first()
    draft = AgentDraft.objects.filter(agent_id=agent.id, conversation=conversation).first()
    reason = escalation.reason if escalation else ""
    return {
        "row": row(escalation, viewer) if escalation else None,
        "conversation": {
            "id": str(conversation.pk),
            "status": conversation.status,
            "holder": conversation.holder,
            "agent": people.person(conversation.agent),
            "channel": conversation.channel,
            "language": conversation.language,
            "created_at": iso(conversation.created_at),
            "head_seq": conversation.head_seq,
            "email": conversation.contact_email,
        },
        "messages": messages,
        "more": more,
        "packet": packet_payload(_packet(agent, conversation, reason, messages)),
        "passages": _passages(conversation),
        "notes": [note_payload(note) for note in notes_of(conversation_id)],
        "draft": draft_payload(draft),
        "followed": _follows(agent, conversation, escalation),
        "survey": _survey(survey),
        "may": allowed(agent, escalation),
    }


def read_messages(
    conversation_id: UUID, *, before: int | None = None, size: int = PAGE
) -> tuple[list[dict[str, Any]], bool]:
    """The last messages before a seq, oldest first, and whether there are more."""
    said = (
        Message.objects.filter(conversation_id=conversation_id)
        .select_related("turn", "rating", "user__agent_profile")
        .prefetch_related("citations")
        .order_by("-seq")
    )
    if before is not None:
        said = said.filter(seq__lt=before)
    page = list(said[: size + 1])
    return [message_payload(message) for message in reversed(page[:size])], len(page) > size


def _follows(agent: Agent, conversation: Conversation, escalation: Any) -> bool:
    """A row knows it already; a conversation that never waited has none."""
    if escalation is not None:
        return bool(escalation.followed)
    return Follow.objects.filter(agent_id=agent.id, conversation=conversation).exists()


def _packet(
    agent: Agent, conversation: Conversation, reason: str, messages: list[dict[str, Any]]
) -> Packet:
    """The packet, from the newest messages and the record."""
    return assemble(
        said=[Said(item["seq"], item["author"], item["text"]) for item in messages],
        facts=[
            Fact(
                fact.kind,
                fact.value,
                fact.source.seq if fact.source else None,
                fact.pk,
                fact.origin,
            )
            for fact in memory.active(conversation.pk)
        ],
        tried=_attempts(conversation),
        earlier=_earlier(agent, conversation),
        reason=reason,
    )


def _attempts(conversation: Conversation) -> list[Attempt]:
    turns = (
        Turn.objects.filter(conversation=conversation, reply__isnull=False)
        .select_related("question", "reply", "reply__rating")
        .prefetch_related(Prefetch("reply__citations"))
        .order_by("-accepted_at")[:TRIED]
    )
    return [_attempt(turn) for turn in reversed(turns)]


def _attempt(turn: Turn) -> Attempt:
    assert turn.reply is not None
    rating: Rating | None = getattr(turn.reply, "rating", None)
    return Attempt(
        seq=turn.reply.seq,
        question=turn.question.text,
        decision=turn.decision,
        reason=turn.reason,
        text=turn.reply.text,
        sources=tuple(Source(cited.title, cited.url) for cited in turn.reply.citations.all()),
        rating=rating.score if rating else None,
    )


def _earlier(agent: Agent, conversation: Conversation) -> list[Earlier]:
    """The other conversations of an identified customer. An anonymous one has none."""
    if conversation.customer_id is None:
        return []
    first = Message.objects.filter(
        conversation=OuterRef("pk"), author=Message.Author.CUSTOMER
    ).order_by("seq")
    topic = Escalation.objects.filter(conversation=OuterRef("pk")).order_by("-opened_at")
    others = (
        Conversation.objects.filter(visible_to(agent), customer_id=conversation.customer_id)
        .exclude(pk=conversation.pk)
        .annotate(
            first_words=Subquery(first.values(cut=Substr("text", 1, 140))[:1]),
            topic=Subquery(topic.values("topic")[:1]),
            said=Count("messages"),
        )
        .order_by("-created_at")[:EARLIER]
    )
    return [
        Earlier(
            conversation=str(item.pk),
            opened_at=item.created_at.isoformat(),
            topic=item.topic or "",
            status=item.status,
            first_words=item.first_words or "",
            messages=item.said,
        )
        for item in others
    ]


def _passages(conversation: Conversation) -> list[dict[str, Any]]:
    """What the assistant read for its last answers, best first."""
    used = (
        TurnPassage.objects.filter(turn__conversation=conversation, rank__lte=5)
        .select_related("passage", "article", "turn__reply")
        .order_by("-turn__accepted_at", "rank")[:20]
    )
    return [
        {
            "seq": item.turn.reply.seq if item.turn.reply else None,
            "title": item.article.title if item.article else "",
            "heading": item.passage.heading if item.passage else "",
            "text": item.passage.text if item.passage else "",
            "url": item.article.get_absolute_url() if item.article else "",
            "score": round(item.score, 4),
            "in_prompt": item.in_prompt,
        }
        for item in used
    ]


def packet_payload(packet: Packet) -> dict[str, Any]:
    return {
        "summary": packet.summary,
        "summary_sources": list(packet.summary_sources),
        "facts": [asdict(fact) for fact in packet.facts],
        "tried": [asdict(item) for item in packet.tried],
        "missing": [{"code": code, "text": text} for code, text in packet.missing],
        "sentiment": asdict(packet.sentiment),
        "earlier": [asdict(item) for item in packet.earlier],
    }


def notes_of(conversation_id: UUID) -> list[Note]:
    notes = Note.objects.filter(conversation_id=conversation_id)
    return list(
        notes.select_related("author__agent_profile").prefetch_related("mentions__agent_profile")
    )


def note_payload(note: Note) -> dict[str, Any]:
    return {
        "id": note.pk,
        "author": people.person(note.author),
        "text": note.text,
        "mentions": [people.person(user) for user in note.mentions.all()],
        "created_at": iso(note.created_at),
    }


def draft_payload(draft: AgentDraft | None) -> dict[str, Any]:
    return {"text": draft.text if draft else "", "saved_at": iso(draft.saved_at) if draft else None}


def _survey(survey: ResolutionSurvey | None) -> dict[str, Any] | None:
    if survey is None:
        return None
    return {"solved": survey.solved, "score": survey.score, "comment": survey.comment}
