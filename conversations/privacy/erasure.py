"""ErasureService: one person is forgotten, everywhere, at once."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import redis
from django.db import transaction

from conversations.escalation.audit import record
from conversations.models import Conversation, Turn
from conversations.privacy.anonymising import Counts, anonymise, anonymise_customers
from conversations.privacy.subject import Subject
from conversations.streaming.publisher import state_key, stream_key
from portal.core.service import BaseService

#: Conversations that are locked and changed in one transaction.
BATCH = 200


class ErasureService(BaseService):
    """`client` is the Redis that holds texts on their way; `mails` the folder that e-mails are
    written to where there is no mail server."""

    name = "erasure"

    def __init__(self, client: "redis.Redis", mails: Path) -> None:
        super().__init__()
        self.client, self.mails = client, mails

    def erase(self, subject: Subject, *, now: datetime, action: str = "erased") -> Counts:
        """Anonymise all conversations and names of a person; safe to run again.

        The log gets one entry a conversation, with its id and no word. Figures stay as they are.
        Raises Unavailable when the database is away; run it again then.
        """
        counts: Counts = Counter()
        with self.operation("erase"):
            for start in range(0, len(subject.conversations), BATCH):
                counts += self._erase(subject.conversations[start : start + BATCH], now, action)
            with transaction.atomic():
                counts["customers"] += anonymise_customers(subject.customers)
        return counts

    def _erase(self, conversations: Sequence[UUID], now: datetime, action: str) -> Counts:
        with transaction.atomic():
            rows = Conversation.objects.select_for_update(of=("self",)).filter(pk__in=conversations)
            locked = list(rows.order_by("pk").values_list("pk", flat=True))
            counts = anonymise(locked, now=now)
            for conversation_id in locked:
                record(action=action, now=now, conversation_id=conversation_id)
        self._forget_streams(locked)
        counts["mails"] = self._forget_mails(locked)
        return counts

    def _forget_mails(self, conversations: Sequence[UUID]) -> int:
        """Each e-mail to a customer links to the conversation."""
        marks = [str(conversation).encode() for conversation in conversations]
        gone = 0
        for path in self.mails.glob("*.log"):
            data = path.read_bytes().replace(b"=\n", b"")  # quoted-printable breaks lines so
            if any(mark in data for mark in marks):
                path.unlink()
                gone += 1
        return gone

    def _forget_streams(self, conversations: Sequence[UUID]) -> None:
        """Texts of recent turns; without Redis they run out by themselves within minutes."""
        turns = Turn.objects.filter(conversation__in=conversations).values_list("pk", flat=True)
        keys = [key for turn in turns for key in (stream_key(turn), state_key(turn))]
        try:
            for start in range(0, len(keys), 500):
                self.client.delete(*keys[start : start + 500])
        except redis.RedisError:
            self.log.warning("texts on their way stay in Redis until they run out")
