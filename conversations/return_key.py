"""The key in an e-mail that leads a customer back: signed, for one conversation, for a while.

Nothing of it is stored. It opens the conversation beside the customer's own key, which it does not
replace, so the browser that the conversation began in goes on as before.
"""

from datetime import timedelta
from uuid import UUID

from django.core import signing

from portal import limits

PREFIX = "return."
_SALT = "portal.return-key"


def make(conversation_id: UUID) -> str:
    return PREFIX + signing.dumps(conversation_id.hex, salt=_SALT)


def opens(conversation_id: UUID, token: str) -> bool:
    """Whether this is a return key of the conversation that has not run out."""
    if not token.startswith(PREFIX):
        return False
    try:
        said = signing.loads(
            token.removeprefix(PREFIX),
            salt=_SALT,
            max_age=timedelta(seconds=limits.RETURN_KEY),
        )
    except signing.BadSignature:
        return False
    return bool(said == conversation_id.hex)
