"""LadderControlService: an operator's hand on a rung's breaker, with an entry in the log."""

from datetime import datetime
from typing import Any

import redis
from django.db import transaction

from conversations import dispatch
from conversations.access import require_ladder
from conversations.escalation import audit
from conversations.inference.breaker import Breaker, Held
from portal.core.errors import InvalidInput, NotFound, Unavailable
from portal.core.service import BaseService

POSITIONS: tuple[Held, ...] = ("auto", "open", "closed")


class LadderControlService(BaseService):
    name = "ladder"

    def hold(self, *, actor: Any, rung: str, to: str, now: datetime) -> Breaker:
        """Hold a breaker open or closed, or give it back to itself ("auto").

        Raises NotAllowed, NotFound for a rung that is not configured, InvalidInput, and Unavailable
        (with nothing logged) while Redis, which all workers share it through, is away.
        """
        require_ladder(actor, operate=True)
        if rung not in dispatch.LADDER:
            raise NotFound
        position = next((item for item in POSITIONS if item == to), None)
        if position is None:
            raise InvalidInput
        with self.operation("hold", rung=rung, to=to), transaction.atomic():
            audit.record(
                action="ladder.breaker", now=now, actor=actor.pk, rung=rung, to=position,
                before=dispatch.breakers.get(rung).held,
            )  # fmt: skip
            try:
                return dispatch.breakers.hold(rung, position)
            except redis.RedisError as exc:
                raise Unavailable from exc
