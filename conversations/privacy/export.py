"""ExportService: all that is kept of one person, for the person: JSON and a readable page."""

import json
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.template.loader import render_to_string

from conversations.models import (
    Conversation,
    Customer,
    Escalation,
    MemoryFact,
    Message,
    Note,
    Rating,
    ResolutionSurvey,
    Turn,
)
from conversations.privacy.subject import Subject
from portal.core.service import BaseService


class ExportService(BaseService):
    name = "export"

    def write(self, subject: Subject, path: Path, *, now: datetime) -> int:
        """Write a zip with `data.json` and `index.html`. Returns the number of conversations."""
        with self.operation("write"):
            data = collect(subject, now=now)
            draft = path.with_name(f".{path.name}.part")
            draft.touch(mode=0o600)
            try:
                with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
                    text = json.dumps(data, indent=1, ensure_ascii=False)
                    archive.writestr("data.json", text)
                    archive.writestr(
                        "index.html", render_to_string("privacy/export.html", {"data": data})
                    )
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
            return len(subject.conversations)


def collect(subject: Subject, *, now: datetime) -> dict[str, Any]:
    """Everything as plain values; times in ISO 8601."""
    customers = Customer.objects.filter(pk__in=subject.customers).order_by("created_at")
    conversations = Conversation.objects.in_bulk(list(subject.conversations))
    return {
        "exported_at": now.isoformat(),
        "customers": [
            _row(item, "id", "identity", "display_name", "email", "created_at")
            for item in customers
        ],
        "conversations": [
            _conversation(conversations[pk]) for pk in subject.conversations if pk in conversations
        ],
    }


def _conversation(conversation: Conversation) -> dict[str, Any]:
    pk = conversation.pk
    return {
        **_row(
            conversation,
            "id", "channel", "contact_email", "status", "language", "summary", "created_at",
            "updated_at", "erased_at",
        ),
        "messages": [_message(item) for item in _messages(pk)],
        "remembered": _rows(
            MemoryFact.objects.filter(conversation=pk).order_by("pk"), "kind", "value", "created_at"
        ),
        "decisions": _rows(
            Turn.objects.filter(conversation=pk).order_by("accepted_at"),
            "accepted_at", "done_at", "state", "decision", "reason", "confidence", "tier", "model",
            "query",
        ),
        "hand_overs": _rows(
            Escalation.objects.filter(conversation=pk).order_by("opened_at"),
            "reason", "state", "topic", "opened_at", "claimed_at", "ended_at",
        ),
        "notes": _rows(Note.objects.filter(conversation=pk), "text", "created_at"),
        "surveys": _rows(
            ResolutionSurvey.objects.filter(conversation=pk).order_by("asked_at"),
            "solved", "score", "comment", "asked_at", "answered_at",
        ),
    }  # fmt: skip


def _messages(conversation_id: UUID) -> Sequence[Message]:
    return list(
        Message.objects.filter(conversation=conversation_id)
        .select_related("rating")
        .prefetch_related("citations")
        .order_by("seq")
    )


def _message(message: Message) -> dict[str, Any]:
    rating: Rating | None = getattr(message, "rating", None)
    return {
        **_row(message, "seq", "author", "text", "created_at"),
        "rating": rating.score if rating else None,
        "sources": [_row(item, "title", "url") for item in message.citations.all()],
    }


def _rows(items: Any, *names: str) -> list[dict[str, Any]]:
    return [_row(item, *names) for item in items]


def _row(item: Model, *names: str) -> dict[str, Any]:
    return {name: _plain(getattr(item, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
