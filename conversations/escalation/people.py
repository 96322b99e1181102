"""Names of the people at the desk: one for colleagues; customers read speaker_name."""

from typing import Any

from conversations.models import AgentProfile


def colleague_name(user: Any) -> str:
    """What colleagues call a user."""
    profile = profile_of(user)
    return (profile.name if profile else "") or user.get_full_name() or user.get_username()


def profile_of(user: Any) -> AgentProfile | None:
    """The profile, or None for a user who was never at the desk. Select it with the user."""
    try:
        return user.agent_profile
    except AgentProfile.DoesNotExist:
        return None


def person(user: Any) -> dict[str, Any] | None:
    return None if user is None else {"id": user.pk, "name": colleague_name(user)}
