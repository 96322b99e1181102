"""The text of a turn on its way to the customer: one Redis stream a turn, fenced and gapless.

Every append says its epoch and its offset in code points. Redis itself refuses the append of a
worker that lost the turn, an append that was made before, and one after the customer pressed stop.
The stream is a hurry, not a record: the final text is in PostgreSQL, in one transaction.
"""

import time
from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from uuid import UUID

import redis

from portal.core.metrics import STREAM_APPENDS

_APPEND = """
local epoch = tonumber(redis.call('HGET', KEYS[2], 'epoch') or '0')
if tonumber(ARGV[1]) < epoch then return -1 end
if redis.call('HGET', KEYS[2], 'stop') == '1' then return -2 end
local length = tonumber(redis.call('HGET', KEYS[2], 'length') or '0')
if tonumber(ARGV[2]) > length then return -3 end
if tonumber(ARGV[2]) < length then return 0 end
redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'length', length + tonumber(ARGV[4]))
redis.call('XADD', KEYS[1], 'MAXLEN', '~', '8192', '*', 'o', ARGV[2], 't', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[5])
return 1
"""

_OPEN = """
local epoch = tonumber(redis.call('HGET', KEYS[1], 'epoch') or '0')
if tonumber(ARGV[1]) < epoch then return -1 end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""


#: After a failed append the next ones are not tried for so long.
RETRY_SECONDS = 1.0


class Append(IntEnum):
    OK = 1
    DUPLICATE = 0
    FENCED = -1
    STOPPED = -2
    EMPTIED = -3


class Fenced(Exception):
    """Another worker owns the turn now; this one must stop without a word."""


class StopRequested(Exception):
    """The customer pressed stop; what was shown so far is the reply."""


def stream_key(turn_id: UUID | str) -> str:
    return f"portal:turn:{turn_id}:text"


def state_key(turn_id: UUID | str) -> str:
    return f"portal:turn:{turn_id}:state"


@dataclass
class TurnStream:
    """The writing end, for the one worker that holds `epoch`.

    Without Redis the text is kept here and in the final record: the answer still completes, and
    the customer sees it when it is done, or as soon as Redis is back. `lossy` says that an append
    failed; a gap closes by itself, because Redis refuses an offset beyond what it holds.
    """

    client: "redis.Redis"
    turn_id: UUID
    epoch: int
    ttl: int
    text: str = ""
    lossy: bool = False
    _silent_until: float = 0.0

    def open(self) -> str:
        """Fence out earlier owners and return the text that they showed already."""
        try:
            script = self.client.register_script(_OPEN)
            if int(script(keys=[state_key(self.turn_id)], args=[self.epoch, self.ttl])) < 0:
                raise Fenced
            entries: Any = self.client.xrange(stream_key(self.turn_id))
        except redis.RedisError:
            self._lose()
            return ""
        self.text = "".join(fields[b"t"].decode() for _, fields in entries if b"t" in fields)
        return self.text

    def append(self, piece: str) -> None:
        """Show one more piece. Raises Fenced or StopRequested; a lost Redis is not an error."""
        if not piece:
            return
        if time.monotonic() < self._silent_until:
            self.text += piece
            return
        try:
            outcome = self._append(len(self.text), piece)
            if outcome is Append.EMPTIED:  # Redis came back without its memory: tell it all again
                outcome = self._append(0, self.text + piece)
        except redis.RedisError:
            self._lose()
            self.text += piece
            return
        if outcome is Append.FENCED:
            raise Fenced
        if outcome is Append.STOPPED:
            raise StopRequested
        # DUPLICATE: an append whose answer was lost on the wire and that redis-py sent again.
        self.text += piece

    def _lose(self) -> None:
        """Redis is away: let the writing go on and try it again in a moment."""
        self.lossy = True
        STREAM_APPENDS.labels("lost").inc()
        self._silent_until = time.monotonic() + RETRY_SECONDS

    def _append(self, offset: int, piece: str) -> Append:
        script = self.client.register_script(_APPEND)
        keys = [stream_key(self.turn_id), state_key(self.turn_id)]
        args: list[str | int] = [self.epoch, offset, piece, len(piece), self.ttl]
        outcome = Append(int(script(keys=keys, args=args)))
        STREAM_APPENDS.labels(outcome.name.lower()).inc()
        return outcome

    def stage(self, name: str) -> None:
        """Tell the watchers what is being done; not part of the text, never replayed."""
        self._mark({"s": name})

    def end(self, seq: int) -> None:
        """Tell the watchers that the durable event `seq` is committed."""
        self._mark({"e": str(seq)})

    def _mark(self, fields: dict[Any, Any]) -> None:
        try:
            pipe = self.client.pipeline(transaction=False)
            pipe.xadd(stream_key(self.turn_id), fields, maxlen=8192)
            pipe.expire(stream_key(self.turn_id), self.ttl)
            pipe.execute()
        except redis.RedisError:
            self._lose()
