"""Silences the assistant for a person: its reply ends at a sentence, or is withdrawn."""

import re
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from conversations import dispatch
from conversations.models import Conversation, ConversationEvent, Message, Turn
from conversations.services.events import append_event, append_message
from portal import limits

REASON = Turn.TAKEN_OVER

_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]*_]*(?=\s|$)|\n\s*\n")


def whole_sentences(text: str) -> str:
    """The text up to the end of its last whole sentence; empty when there is none."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return text[: ends[-1]].rstrip() if ends else ""


def silence_assistant(*, conversation: Conversation, now: datetime) -> int | None:
    """End the live turn of a locked conversation, whoever is working on it.

    The turn's epoch moves on and fences its worker out, in the database and in Redis, so nothing
    can be added to what the customer has been shown. Of that, whole sentences become the reply,
    marked as stopped; without one the reply is withdrawn. Either way it is the turn's one terminal
    event, and its seq is returned. None: there was no live turn.
    """
    turn = Turn.objects.filter(conversation=conversation, state__in=Turn.LIVE).first()
    if turn is None:
        return None
    Turn.objects.filter(pk=turn.pk, state__in=Turn.LIVE).update(
        state=Turn.State.RUNNING,
        epoch=F("epoch") + 1,
        lease_owner=turn.pk,
        lease_until=Now() + timedelta(seconds=limits.LEASE),
    )
    turn.refresh_from_db(fields=["epoch"])
    stream = dispatch.open_stream(turn.pk, turn.epoch)
    text = whole_sentences(stream.open())
    seq = _finish(conversation, turn, text, now)
    transaction.on_commit(lambda: stream.end(seq))
    return seq


def _finish(conversation: Conversation, turn: Turn, text: str, now: datetime) -> int:
    ended = {
        "lease_owner": None,
        "lease_until": None,
        "done_at": now,
        "stopped": True,
        "reason": REASON,
        "trace": {**turn.trace, REASON: True},
    }
    if not text:
        event = append_event(
            conversation=conversation,
            kind=ConversationEvent.Type.REPLY_WITHDRAWN,
            now=now,
            payload={"message_id": str(turn.message_id)},
        )
        Turn.objects.filter(pk=turn.pk).update(state=Turn.State.WITHDRAWN, **ended)
        return event.seq
    message = append_message(
        conversation=conversation,
        author=Message.Author.ASSISTANT,
        text=text,
        now=now,
        message_id=turn.message_id,
    )
    Turn.objects.filter(pk=turn.pk).update(
        state=Turn.State.DONE, decision=Turn.Decision.ANSWER, reply=message, **ended
    )
    return message.seq
