"""What a desk page may send on its socket, read and checked. Problems are FrameErrors."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from conversations.streaming.frames import FrameError, read_object


@dataclass(frozen=True)
class Heartbeat:
    pass


@dataclass(frozen=True)
class ResumeEvents:
    after: int


@dataclass(frozen=True)
class OpenConversation:
    """`conversation` None: nothing is open any more."""

    conversation: UUID | None
    after: int


@dataclass(frozen=True)
class AgentTypes:
    conversation: UUID


@dataclass(frozen=True)
class Suggest:
    conversation: UUID
    request: UUID


@dataclass(frozen=True)
class StopSuggestion:
    request: UUID


DeskFrame = Heartbeat | ResumeEvents | OpenConversation | AgentTypes | Suggest | StopSuggestion


def parse(raw: str | None) -> DeskFrame:
    """Read one frame. Raises FrameError for anything else, whatever it is."""
    frame = read_object(raw)
    match frame.get("type"):
        case "heartbeat":
            return Heartbeat()
        case "resume":
            return ResumeEvents(_number(frame, "after"))
        case "open":
            opened = frame.get("conversation")
            conversation = None if opened is None else _uuid(frame, "conversation")
            return OpenConversation(conversation, _number(frame, "after"))
        case "typing":
            return AgentTypes(_uuid(frame, "conversation"))
        case "copilot.suggest":
            return Suggest(_uuid(frame, "conversation"), _uuid(frame, "request"))
        case "copilot.stop":
            return StopSuggestion(_uuid(frame, "request"))
        case _:
            raise FrameError("unknown_type", _("Unknown frame type. See docs/desk.md."))


def _number(frame: dict[str, Any], name: str) -> int:
    value = frame.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        detail = _("The field %(name)s must be a whole number from 0.") % {"name": name}
        raise FrameError(f"bad_{name}", detail)
    return value


def _uuid(frame: dict[str, Any], name: str) -> UUID:
    try:
        return UUID(frame.get(name))
    except (ValueError, TypeError, AttributeError):
        detail = _("The field %(name)s must be a UUID.") % {"name": name}
        raise FrameError(f"bad_{name}", detail) from None
