"""A logout reaches the sockets that the session has opened."""

from typing import Any

from conversations.streaming.doorbell import doorbell


def user_group(user_id: int) -> str:
    """All desk sockets of one user."""
    return f"desk.user.{user_id}"


def ring_sockets(*, user: Any = None, **_: Any) -> None:
    """A receiver of user_logged_out: have the user's desks read their rights again."""
    if user is not None and user.pk:
        doorbell.send(user_group(user.pk), {"type": "session.changed"})
