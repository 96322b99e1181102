"""Who may touch what, in one place."""

import hashlib
import hmac
from uuid import UUID

from conversations.models import Conversation
from portal.core.errors import ServiceError


class NotYours(ServiceError):
    """This conversation does not exist, or its key is not right. Please start a new one."""

    code = "not_found"


def hash_token(token: str) -> str:
    """What the database keeps of a secret with 256 random bits; it needs no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def customer_conversation(conversation_id: str, token: str) -> Conversation:
    """The conversation that a customer's token opens.

    Raises NotYours alike for an unknown conversation and for a wrong token, so that nobody can
    find out which ids exist.
    """
    try:
        conversation = Conversation.objects.get(pk=UUID(conversation_id))
    except (ValueError, Conversation.DoesNotExist):
        raise NotYours from None
    if not hmac.compare_digest(conversation.token_hash, hash_token(token)):
        raise NotYours
    return conversation
