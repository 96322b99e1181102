"""A customer's key: what opens one conversation, and which key comes after it.

The next key is made from the present one's hash and the server's secret. So it is the same however
often it is handed over, nothing of it stands in the database before it is used, and whoever reads
the database, or knows the secret alone, cannot make it.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from portal import limits


class Match(Enum):
    CURRENT = "current"
    NEXT = "next"
    LAST = "last"  # replaced a moment ago


@dataclass(frozen=True)
class Keys:
    """What a conversation remembers of its keys."""

    conversation: UUID
    token_hash: str
    since: datetime
    last_hash: str = ""
    last_until: datetime | None = None


def hash_token(token: str) -> str:
    """What the database keeps of a secret with 256 random bits; it needs no salt."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def next_token(keys: Keys, secret: str, *, after: str = "") -> str:
    """The key that follows the one with this hash: the present one's, unless told otherwise."""
    words = f"portal.conversation-key:{keys.conversation}:{after or keys.token_hash}"
    digest = hmac.new(secret.encode(), words.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def match(keys: Keys, token: str, secret: str, now: datetime) -> Match | None:
    """Which key this is, or None: it opens nothing (any more)."""
    given = hash_token(token)
    if hmac.compare_digest(given, keys.token_hash):
        return Match.CURRENT
    if hmac.compare_digest(given, hash_token(next_token(keys, secret))):
        return Match.NEXT
    in_grace = keys.last_until is not None and now < keys.last_until
    if in_grace and hmac.compare_digest(given, keys.last_hash):
        return Match.LAST
    return None


def to_hand_over(
    keys: Keys, token: str, secret: str, now: datetime, max_age: timedelta
) -> str | None:
    """The key that whoever holds this one should use from now on, if there is another."""
    kind = match(keys, token, secret, now)
    if kind is Match.LAST:
        return next_token(keys, secret, after=keys.last_hash)  # the present one
    if kind is Match.CURRENT and now - keys.since >= max_age:
        return next_token(keys, secret)
    return None


def grace_end(now: datetime) -> datetime:
    return now + timedelta(seconds=limits.KEY_GRACE)
