"""KeyRenewalService: hands a conversation's next key to its customer, and retires the old one."""

from datetime import datetime, timedelta

from django.conf import settings

from conversations import access, keys
from conversations.models import Conversation
from portal.core.service import BaseService


class KeyRenewalService(BaseService):
    name = "keys"

    def offer(self, *, conversation: Conversation, token: str, now: datetime) -> str | None:
        """The key to hand over to whoever opened the conversation with this one, if it is time."""
        age = timedelta(hours=settings.CONFIG.key_hours)
        known = access.keys_of(conversation)
        return keys.to_hand_over(known, token, settings.SECRET_KEY, now, age)

    def kept(self, *, conversation: Conversation, token: str, now: datetime) -> bool:
        """The customer has this next key: the one before it opens for a short grace only.

        False if it is not the next key, as for a second time. Two tabs at once retire it once.
        """
        known = access.keys_of(conversation)
        if keys.match(known, token, settings.SECRET_KEY, now) is not keys.Match.NEXT:
            return False
        with self.operation("kept"):
            changed = Conversation.objects.filter(
                pk=conversation.pk, token_hash=known.token_hash
            ).update(
                token_hash=keys.hash_token(token),
                key_since=now,
                last_token_hash=known.token_hash,
                last_token_until=keys.grace_end(now),
            )
        return bool(changed)
