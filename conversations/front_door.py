"""How much one customer and one address may do. Every interface asks here before its service call.

Limits per conversation hold for everybody; limits per address leave out the networks of
PORTAL_UNLIMITED_ADDRESSES. Both are multiplied by PORTAL_LIMIT_FACTOR. See docs/security.md.
"""

from math import ceil
from uuid import UUID

from django.conf import settings
from django.utils.translation import ngettext

from portal import limits
from portal.core.addresses import bucket, is_in, networks
from portal.core.errors import ServiceError
from portal.core.limiter import Claim, Limiter, Rule, limiter_for

#: A held place falls free when its process dies; living sockets hold theirs again in time.
PLACE_SECONDS = 90
RENEW_SECONDS = 30.0


class SlowDown(ServiceError):
    """This was a lot at once. Please wait a moment and go on then."""

    code = "slow_down"

    def __init__(self, seconds: float) -> None:
        self.retry_after = max(1, ceil(seconds))
        detail = ngettext(
            "This was a lot at once. Please go on in %(n)s second.",
            "This was a lot at once. Please go on in %(n)s seconds.",
            self.retry_after,
        )
        super().__init__(detail % {"n": self.retry_after}, retry_after=self.retry_after)


def limiter() -> Limiter:
    return limiter_for(settings.REDIS_URL)


def rule(name: str, budget: tuple[int, float]) -> Rule:
    count, seconds = budget
    return Rule(name, ceil(count * settings.CONFIG.limit_factor), seconds)


def is_limited(address: str) -> bool:
    """Whether limits per address hold for this one."""
    return not is_in(address, networks(settings.CONFIG.unlimited_addresses))


def check_message(conversation_id: UUID, address: str, size: int) -> None:
    """A customer's message of so many bytes. Raises SlowDown."""
    who = str(conversation_id)
    _take(
        (rule("messages", limits.MESSAGES_OF_CONVERSATION), who),
        (rule("bytes", limits.BYTES_OF_CONVERSATION), who, size),
        *_of_address(
            address,
            (rule("address-messages", limits.MESSAGES_OF_ADDRESS), 1),
            (rule("address-bytes", limits.BYTES_OF_ADDRESS), size),
        ),
    )


def check_conversation(address: str) -> None:
    """A new conversation. Raises SlowDown."""
    _take(*_of_address(address, (rule("conversations", limits.CONVERSATIONS_OF_ADDRESS), 1)))


def check_login(address: str) -> None:
    """A try to log in, as whomever. Raises SlowDown."""
    _take(*_of_address(address, (rule("logins", limits.LOGINS_OF_ADDRESS), 1)))


def hold_places(conversation_id: UUID, address: str, member: str) -> bool:
    """A place for one more socket, for 90 s; hold it again before they end."""
    return all(limiter().hold(*place, member) for place in _places(conversation_id, address))


def leave_places(conversation_id: UUID, address: str, member: str) -> None:
    for place in _places(conversation_id, address):
        limiter().drop(*place, member)


def _places(conversation_id: UUID, address: str) -> list[tuple[Rule, str]]:
    of_one = rule("sockets", (limits.SOCKETS_OF_CONVERSATION, PLACE_SECONDS))
    places = [(of_one, str(conversation_id))]
    if is_limited(address):
        of_address = rule("address-sockets", (limits.SOCKETS_OF_ADDRESS, PLACE_SECONDS))
        places.append((of_address, bucket(address)))
    return places


def _of_address(address: str, *wanted: tuple[Rule, float]) -> list[Claim]:
    if not is_limited(address):
        return []
    return [(of_rule, bucket(address), cost) for of_rule, cost in wanted]


def _take(*claims: Claim) -> None:
    verdict = limiter().take(*claims)
    if not verdict.allowed:
        raise SlowDown(verdict.retry_after)
