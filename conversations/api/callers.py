"""Who calls the REST interface, and what may be done with which conversations.

A program shows its token, a person at the desk has a session, a customer shows the conversation's
key. All three become a `Caller`; the permission classes ask nothing else.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from conversations import access, roles
from conversations.access import Agent
from conversations.models import Scope
from conversations.services.api_tokens import PREFIX, ApiTokenService, UnusableToken

REALM = 'Bearer realm="portal"'
#: Who sees figures; insights/access.py decides the same for the pages.
_READS_FIGURES = (roles.SUPERVISOR, roles.MANAGER, roles.ADMIN)
_AT_DESK = frozenset(
    {Scope.CONVERSATIONS_READ, Scope.ESCALATIONS_READ, Scope.AGENTS_READ, Scope.SYSTEM_READ}
)
_BY_PERMISSION = {
    "conversations.view_article": Scope.ARTICLES_READ,
    "conversations.change_article": Scope.ARTICLES_WRITE,
}
tokens = ApiTokenService()


@dataclass(frozen=True)
class Caller:
    """`key` names the caller for limits and idempotency. `conversation`: a customer's own."""

    key: str
    scopes: frozenset[str]
    user: Any = None
    agent: Agent | None = None
    conversation: UUID | None = None

    @property
    def conversations(self) -> Q:
        """The condition of the conversations that this caller may see."""
        if self.conversation is not None:
            return Q(pk=self.conversation)
        return access.visible_to(self.agent) if self.agent else Q()

    @property
    def escalations(self) -> Q:
        return self.agent.visible if self.agent else Q()


def token_caller(secret: str) -> Caller:
    """Raises UnusableToken."""
    row = tokens.recognise(secret=secret, now=timezone.now())
    return Caller(f"token:{row.pk}", frozenset(row.scopes))


def customer_caller(conversation_id: UUID, key: str) -> Caller:
    """Raises UnusableToken, alike for an unknown conversation and a wrong key."""
    try:
        conversation = access.customer_conversation(str(conversation_id), key)
    except access.NotYours:
        raise UnusableToken from None
    return Caller(f"customer:{conversation.pk}", frozenset(), conversation=conversation.pk)


def staff_caller(user: Any) -> Caller:
    """Raises NobodyAtDesk or NotAtDesk."""
    agent = access.desk_agent(user)
    scopes = {scope for name, scope in _BY_PERMISSION.items() if user.has_perm(name)} | _AT_DESK
    if agent.role in _READS_FIGURES:
        scopes.add(Scope.INSIGHTS_READ)
    return Caller(f"staff:{agent.id}", frozenset(scopes), user=user, agent=agent)


def bearer(header: str) -> str:
    """The secret of an Authorization header; empty if there is none."""
    scheme, _space, secret = header.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


class TokenAuthentication(BaseAuthentication):
    """A program's token: `Authorization: Bearer portal_…`."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        secret = bearer(request.headers.get("Authorization", ""))
        if not secret.startswith(PREFIX):
            return None
        return AnonymousUser(), token_caller(secret)

    def authenticate_header(self, request: Request) -> str:
        return REALM


class CustomerAuthentication(BaseAuthentication):
    """A customer's key of the conversation in the address: `Authorization: Bearer …`."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        secret = bearer(header)
        conversation_id = request.parser_context["kwargs"].get("conversation_id")
        if not secret or secret.startswith(PREFIX) or conversation_id is None:
            raise AuthenticationFailed
        return AnonymousUser(), customer_caller(conversation_id, secret)

    def authenticate_header(self, request: Request) -> str:
        return REALM


class StaffAuthentication(SessionAuthentication):
    """A person who is logged in and works at the desk; writes need the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        found = super().authenticate(request)
        return None if found is None else (found[0], staff_caller(found[0]))
