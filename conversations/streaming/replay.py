"""Durable frames, read back from the database: the same for the first and for any later reader.

A page of events costs a constant number of queries.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from conversations.models import (
    AgentProfile,
    Citation,
    Conversation,
    ConversationEvent,
    Message,
    Rating,
    Turn,
)
from conversations.services import turns
from conversations.tables import CITATIONS, EVENTS, MESSAGES
from portal import limits
from portal.core.markdown import render_message
from portal.core.table import Table

_MILLISECONDS = 1000


def events_after(conversation_id: UUID, after: int) -> list[dict[str, Any]]:
    """The next page (limits.EVENTS_PAGE) of durable frames with seq > after, in order."""
    events = _read(conversation_id, after)
    said = [event.message for event in events if event.message]
    if spoken := [message for message in said if message.user_id]:
        prefetch_related_objects(spoken, "user__agent_profile")
    sources: dict[UUID, list[Citation]] = {
        message.pk: [] for message in said if _has_sources(message)
    }
    if sources:
        for citation in CITATIONS.read("message_id = ANY(%s) ORDER BY number", [list(sources)]):
            sources[citation.message_id].append(citation)
    return [
        frame(event, sources.get(event.message.pk) if event.message else None) for event in events
    ]


_REPLIES = Table(
    Turn, "id", "reply_id", "decision", "reason", "tier", "model", "stopped", "trace",
    "accepted_at", "queued_at", "claimed_at", "retrieved_at", "decided_at", "first_token_at",
    "done_at",
)  # fmt: skip
_RATINGS = Table(Rating, "id", "score")
#: What stands at the other end of a message's two one-to-one relations, None included.
_TURN: Any = Message._meta.get_field("turn")
_RATING: Any = Message._meta.get_field("rating")
_PAGE = f"""
SELECT {EVENTS.columns}, {MESSAGES.columns}, {_REPLIES.columns}, {_RATINGS.columns}
  FROM conversations_conversationevent
  LEFT JOIN conversations_message
    ON conversations_message.id = conversations_conversationevent.message_id
  LEFT JOIN conversations_turn ON conversations_turn.reply_id = conversations_message.id
  LEFT JOIN conversations_rating ON conversations_rating.message_id = conversations_message.id
 WHERE conversations_conversationevent.conversation_id = %s
   AND conversations_conversationevent.seq > %s
 ORDER BY conversations_conversationevent.seq LIMIT %s
"""  # noqa: S608 - names of columns


def _read(conversation_id: UUID, after: int) -> list[ConversationEvent]:
    """The events with their messages, and these with turn and rating."""
    events = []
    rows = Table.joined(
        _PAGE, [conversation_id, after, limits.EVENTS_PAGE], EVENTS, MESSAGES, _REPLIES, _RATINGS
    )
    for event, message, turn, rating in rows:
        event.message = message
        if message is not None:
            _TURN.set_cached_value(message, turn)
            _RATING.set_cached_value(message, rating)
        events.append(event)
    return events


def _has_sources(message: Message) -> bool:
    """Whether anything may be cited: only an answer does, no question back and no hand-over."""
    turn = getattr(message, "turn", None)
    return turn is not None and turn.decision == Turn.Decision.ANSWER


@dataclass(frozen=True)
class News:
    """Durable frames in order, one page at most, and the turn that was live after them."""

    frames: list[dict[str, Any]]
    turn: Turn | None

    @property
    def is_whole(self) -> bool:
        """Whether there was nothing more to read."""
        return len(self.frames) < limits.EVENTS_PAGE


def news(conversation_id: UUID, after: int) -> News:
    """What a socket has not sent yet, over one connection."""
    frames = events_after(conversation_id, after)
    return News(frames, turns.live(conversation_id))


def news_of_message(message: Message, turn: Turn) -> News:
    """As `news`, for a message of this moment and its turn, where nothing else is new."""
    accepted = ConversationEvent.Type.MESSAGE_ACCEPTED
    return News([frame(ConversationEvent(type=accepted, seq=message.seq, message=message))], turn)


def heads(conversation_ids: Iterable[UUID]) -> dict[UUID, int]:
    """The last sequence number of each conversation, in one query."""
    rows = Conversation.objects.filter(pk__in=list(conversation_ids))
    return dict(rows.order_by().values_list("pk", "head_seq"))


def frame(event: ConversationEvent, sources: Sequence[Citation] | None = None) -> dict[str, Any]:
    """The frame of one event. `seq` is the event's; a message's own seq is the same number."""
    body: dict[str, Any] = {"type": event.type, "seq": event.seq, **event.payload}
    if event.message is None:
        return body
    body["message"] = message_payload(event.message, sources)
    if event.type == ConversationEvent.Type.MESSAGE_ACCEPTED and event.message.client_id:
        body["client_id"] = str(event.message.client_id)
    return body


def message_payload(message: Message, sources: Sequence[Citation] | None = None) -> dict[str, Any]:
    """A message as clients see it. `html` is sanitised here; `text` is data and must be escaped.

    `sources` are its citations, where they were read already."""
    payload: dict[str, Any] = {
        "id": str(message.id),
        "seq": message.seq,
        "author": message.author,
        "text": message.text,
        "created_at": message.created_at.isoformat(),
    }
    if message.author == Message.Author.CUSTOMER:
        return payload
    payload["html"] = render_message(message.text)
    if message.user is not None:
        payload["name"] = speaker_name(message.user)
    turn = getattr(message, "turn", None)
    if turn is not None:
        payload |= _turn_payload(turn)
        payload["citations"] = _citations(message, sources) if _has_sources(message) else []
        rating = getattr(message, "rating", None)
        payload["rating"] = rating.score if rating else None
    return payload


def speaker_name(user: Any) -> str:
    """What customers read beside an agent's words: never the name that somebody logs in with."""
    profile: AgentProfile | None = getattr(user, "agent_profile", None)
    return (profile.name if profile else "") or user.get_short_name() or _("Our team")


def _turn_payload(turn: Turn) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "decision": turn.decision or None,
        "tier": turn.tier,
        "model": turn.model,
        "timings": timings(turn),
    }
    if turn.stopped:
        payload["stopped"] = True
        payload["stopped_by"] = "agent" if turn.reason == Turn.TAKEN_OVER else "customer"
    if choices := turn.trace.get("choices"):
        payload["choices"] = choices
    return payload


def _citations(message: Message, sources: Sequence[Citation] | None) -> list[dict[str, Any]]:
    return [
        {"number": citation.number, "title": citation.title, "url": citation.url}
        for citation in (message.citations.all() if sources is None else sources)
    ]


def timings(turn: Turn) -> dict[str, float]:
    """Milliseconds since acceptance of each step that was reached."""
    steps = ("queued", "claimed", "retrieved", "decided", "first_token", "done")
    times = {step: getattr(turn, f"{step}_at") for step in steps}
    return {
        f"{step}_ms": round((at - turn.accepted_at).total_seconds() * _MILLISECONDS, 1)
        for step, at in times.items()
        if at is not None
    }
