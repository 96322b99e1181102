"""Who may touch what, in one place."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import Group
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from conversations import return_key, roles
from conversations.escalation.errors import NotAllowed, NotAtDesk
from conversations.keys import Keys, match
from conversations.models import AgentProfile, Conversation, Escalation
from portal.core.errors import NotFound, ServiceError

_ALL_DESK = frozenset(
    f"conversations.{name}"
    for name in ("work_desk", "see_all_teams", "manage_others", "share_desk_tools", "read_audit")
)


class NotYours(ServiceError):
    """This conversation does not exist, or its key is not right. Please start a new one."""

    code = "not_found"


def keys_of(conversation: Conversation) -> Keys:
    return Keys(
        conversation=conversation.pk,
        token_hash=conversation.token_hash,
        since=conversation.key_since or conversation.created_at,
        last_hash=conversation.last_token_hash,
        last_until=conversation.last_token_until,
    )


def customer_conversation(conversation_id: str, token: str) -> Conversation:
    """The conversation that a customer's token opens: its key, or the key of an e-mail's link.

    Raises NotYours alike for an unknown or anonymised conversation and for a wrong or replaced
    token, so that nobody can find out which ids exist.
    """
    try:
        conversation = Conversation.objects.get(pk=UUID(conversation_id), erased_at=None)
    except (ValueError, Conversation.DoesNotExist):
        raise NotYours from None
    if return_key.opens(conversation.pk, token):
        return conversation
    if match(keys_of(conversation), token, settings.SECRET_KEY, timezone.now()) is None:
        raise NotYours
    return conversation


class NobodyAtDesk(ServiceError):
    """Please log in to work at the desk."""

    code = "not_logged_in"


@dataclass(frozen=True)
class Agent:
    """A user whose right to work at the desk was checked. Made by `desk_agent` only."""

    id: int
    name: str
    role: str
    teams: frozenset[int]
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    def require(self, permission: str) -> None:
        """Raises NotAllowed."""
        if not self.may(permission):
            raise NotAllowed

    @property
    def visible(self) -> Q:
        """The condition of escalations that this agent may see."""
        if self.may("see_all_teams"):
            return Q()
        return Q(team__isnull=True) | Q(team_id__in=self.teams) | Q(agent_id=self.id)


def desk_agent(user: Any) -> Agent:
    """The agent behind a logged-in user. Raises NobodyAtDesk or NotAtDesk."""
    if user is None or not user.is_authenticated or not user.is_active:
        raise NobodyAtDesk
    granted = {name.split(".", 1)[1] for name in user.get_all_permissions() if name in _ALL_DESK}
    if "work_desk" not in granted:
        raise NotAtDesk
    name, teams, groups = _at_desk(user)
    return Agent(
        id=user.pk,
        name=name or user.get_full_name() or user.get_username(),
        role=roles.ADMIN if user.is_superuser else _role(groups),
        teams=frozenset(teams),
        permissions=frozenset(granted),
    )


def _at_desk(user: Any) -> tuple[str, list[int], list[str]]:
    """The name, the teams' ids and the groups' names, in one query: every request asks for them."""
    membership = AgentProfile.teams.through.objects.filter(agentprofile=OuterRef("pk"))
    groups = Group.objects.filter(user=OuterRef("user"))
    profiles = AgentProfile.objects.filter(user=user).values_list(
        "name", ArraySubquery(membership.values("team")), ArraySubquery(groups.values("name"))
    )
    found = profiles.first()
    if found is None:  # here for the first time
        AgentProfile.objects.get_or_create(user=user)
        found = profiles.get()
    return found


def _role(groups: list[str]) -> str:
    return next((role for role in reversed(roles.ROLES) if role in groups), roles.AGENT)


def needs_second_factor(user: Any) -> bool:
    """Whether this user's role must log in with a second factor (PORTAL_SECOND_FACTOR)."""
    wanted = frozenset(settings.CONFIG.second_factor)
    if not wanted or not user.is_authenticated:
        return False
    if user.is_superuser:
        return roles.ADMIN in wanted
    return user.groups.filter(name__in=wanted).exists()


def session_agent(session_key: str | None) -> Agent:
    """The agent of a session that is still alive: a socket outlives a logout, its rights do not.

    Raises NobodyAtDesk or NotAtDesk.
    """
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    if not session_key or not session.exists(session_key):
        raise NobodyAtDesk
    request = HttpRequest()
    request.session = session
    user = get_user(request)
    if needs_second_factor(user) and DEVICE_ID_SESSION_KEY not in session:
        raise NobodyAtDesk
    return desk_agent(user)


def visible_to(agent: Agent) -> Q:
    """The condition of conversations that an agent may see: all but those of other teams only."""
    if agent.may("see_all_teams"):
        return Q()
    escalations = Escalation.objects.filter(conversation=OuterRef("pk"))
    return Q(Exists(escalations.filter(agent.visible))) | ~Q(Exists(escalations))


def visible_conversation(agent: Agent, conversation_id: UUID, *related: str) -> Conversation:
    """A conversation that the agent may see. Raises NotFound, alike for an unknown one."""
    visible = Conversation.objects.filter(visible_to(agent), pk=conversation_id)
    conversation = (visible.select_related(*related) if related else visible).first()
    if conversation is None:
        raise NotFound
    return conversation


def require_ladder(user: Any, *, operate: bool = False) -> None:
    """The right to see the ladder of rungs, or to open and close its breakers.

    Raises NobodyAtDesk where nobody is logged in, and NotAllowed.
    """
    if user is None or not user.is_authenticated or not user.is_active:
        raise NobodyAtDesk
    if not user.has_perm(f"conversations.{'operate' if operate else 'view'}_ladder"):
        raise NotAllowed
