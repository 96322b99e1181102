"""A write under an `Idempotency-Key` happens once, and answers the same however often it is asked.

The key's row is made first, in the write's own transaction: a second request waits on its unique
constraint until the first one is committed, then reads the answer; if the first failed, nothing of
it is left and the second one does the work.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from conversations.models import IdempotentAnswer
from portal import limits
from portal.core.errors import InvalidInput, ServiceError


class BadKey(InvalidInput):
    """An Idempotency-Key has 1 to 255 visible ASCII characters; a UUID is best."""

    code = "bad_idempotency_key"


class KeyReused(ServiceError):
    """This Idempotency-Key was used for another request. Use a new key for a new request."""

    code = "idempotency_key_reused"


@dataclass(frozen=True)
class Request:
    """Who asks for what under which key; `conversation` where it is about one."""

    caller: str
    key: str
    method: str
    path: str
    body: Any
    conversation: UUID | None = None

    @property
    def fingerprint(self) -> str:
        words = json.dumps([self.method, self.path, self.body], sort_keys=True)
        return hashlib.sha256(words.encode()).hexdigest()

    def secret(self, key: str) -> str:
        """A secret that belongs to this request, always the same: it need not be stored."""
        words = f"portal.idempotent:{self.caller}:{self.key}"
        return hmac.new(key.encode(), words.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Answer:
    """`replayed`: it was given before, and nothing was done now."""

    status: int
    body: Any
    replayed: bool = False


def once(request: Request, now: datetime, act: Callable[[], tuple[int, Any]]) -> Answer:
    """Do `act` (a write in this database, nothing else) unless its answer is known.

    Raises BadKey, KeyReused, and whatever `act` raises, which leaves no trace.
    """
    if not 1 <= len(request.key) <= limits.API_KEY_CHARS or not request.key.isprintable():
        raise BadKey
    with transaction.atomic():
        oldest = now - timedelta(seconds=limits.API_ANSWERS)
        IdempotentAnswer.objects.filter(caller=request.caller, created_at__lt=oldest).delete()
        try:
            with transaction.atomic():
                row = IdempotentAnswer.objects.create(
                    caller=request.caller,
                    key=request.key,
                    fingerprint=request.fingerprint,
                    conversation_id=request.conversation,
                )
        except IntegrityError:
            return _known(request)
        status, body = act()
        IdempotentAnswer.objects.filter(pk=row.pk).update(status=status, body=body)
        return Answer(status, body)


def _known(request: Request) -> Answer:
    row = IdempotentAnswer.objects.get(caller=request.caller, key=request.key)
    if row.fingerprint != request.fingerprint:
        raise KeyReused
    return Answer(row.status, row.body, replayed=True)
