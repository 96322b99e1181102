"""The wire protocol, version 1: what a client may send and how the server's frames look.

Every problem with a client's frame is a FrameError with a code and a sentence that says what to
do; the socket stays open.
"""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from portal import limits

VERSION = 1


class FrameError(Exception):
    """A client's frame that cannot be served; answered with an error frame."""

    def __init__(self, code: str, detail: str, client_id: str | None = None, **fields: Any) -> None:
        super().__init__(detail)
        self.code, self.detail, self.client_id, self.fields = code, detail, client_id, fields

    def frame(self) -> dict[str, Any]:
        extra = {"client_id": self.client_id} if self.client_id else {}
        return {"type": "error", "code": self.code, "detail": self.detail, **self.fields, **extra}


@dataclass(frozen=True)
class SendMessage:
    client_id: UUID
    text: str


@dataclass(frozen=True)
class Resume:
    after: int


@dataclass(frozen=True)
class StopReply:
    pass


@dataclass(frozen=True)
class RequestHuman:
    pass


@dataclass(frozen=True)
class Typing:
    pass


@dataclass(frozen=True)
class Ping:
    pass


@dataclass(frozen=True)
class KeepKey:
    """The new key has been put away; the old one may end."""


@dataclass(frozen=True)
class Seen:
    """The page shows everything up to this number, and somebody looks at it."""

    seq: int


@dataclass(frozen=True)
class RateReply:
    message: UUID
    score: int


@dataclass(frozen=True)
class LookAtQueue:
    """How long is it still?"""


@dataclass(frozen=True)
class LeaveContact:
    email: str


@dataclass(frozen=True)
class AnswerResolution:
    solved: str


@dataclass(frozen=True)
class RateConversation:
    score: int
    comment: str


ClientFrame = (
    SendMessage
    | Resume
    | StopReply
    | RequestHuman
    | Typing
    | Ping
    | KeepKey
    | Seen
    | RateReply
    | LookAtQueue
    | LeaveContact
    | AnswerResolution
    | RateConversation
)


def parse(raw: str | None) -> ClientFrame:
    """Read one client frame. Raises FrameError for anything else, whatever it is."""
    frame = read_object(raw)
    kind = frame.get("type")
    parser = _PARSERS.get(kind) if isinstance(kind, str) else None
    if parser is None:
        raise FrameError("unknown_type", _("Unknown frame type. See docs/websocket.md."))
    return parser(frame)


def read_object(raw: str | None) -> dict[str, Any]:
    """The JSON object of a frame of this protocol version. Raises FrameError."""
    if raw is None:
        raise FrameError("not_text", _("Send JSON as a text frame, not binary."))
    if len(raw) > limits.FRAME_BYTES:
        detail = _("This message is too long. Please keep it under %(limit)s characters.")
        raise FrameError("too_long", detail % {"limit": limits.MESSAGE_CHARS})
    try:
        frame = json.loads(raw)
    except (ValueError, RecursionError):
        raise FrameError("not_json", _("This is not JSON. Send one JSON object a frame.")) from None
    if not isinstance(frame, dict):
        raise FrameError("not_object", _("Send one JSON object a frame."))
    if frame.get("v", VERSION) != VERSION:
        raise FrameError("wrong_version", _("Only protocol version 1 is spoken here."))
    return frame


def _send(frame: dict[str, Any]) -> SendMessage:
    raw_id = frame.get("client_id")
    client_id = raw_id if isinstance(raw_id, str) else None
    text = frame.get("text")
    if not isinstance(text, str):
        raise FrameError("bad_text", _("The field text must be a string."), client_id)
    return SendMessage(client_id=_uuid(raw_id, "client_id"), text=clean_text(text, client_id))


def clean_text(text: str, client_id: str | None = None) -> str:
    """The customer's words as they may be stored: no NUL, no lone surrogates, not blank."""
    text = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()
    if not text or not any(_is_visible(char) for char in text):
        raise FrameError("empty", _("Please type a message first."), client_id)
    if len(text) > limits.MESSAGE_CHARS:
        detail = _("This message is too long. Please keep it under %(limit)s characters.")
        raise FrameError("too_long", detail % {"limit": limits.MESSAGE_CHARS}, client_id)
    return text


def _is_visible(char: str) -> bool:
    """Whether a character shows something; zero-width and direction marks alone do not."""
    return not char.isspace() and char not in "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


def _resume(frame: dict[str, Any]) -> Resume:
    return Resume(_number(frame.get("after", 0), "after"))


def _seen(frame: dict[str, Any]) -> Seen:
    return Seen(_number(frame.get("seq"), "seq"))


def _number(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 2**31 - 1:
        detail = _("The field %(name)s must be a whole number from 0.") % {"name": name}
        raise FrameError(f"bad_{name}", detail)
    return value


def _rate(frame: dict[str, Any]) -> RateReply:
    score = frame.get("score")
    if isinstance(score, bool) or score not in (1, -1):
        raise FrameError("bad_score", _("The field score must be 1 or -1."))
    return RateReply(message=_uuid(frame.get("message"), "message"), score=score)


def _contact(frame: dict[str, Any]) -> LeaveContact:
    email = frame.get("email")
    detail = _("Please enter an e-mail address such as name@example.com.")
    if not isinstance(email, str):
        raise FrameError("bad_email", detail)
    try:
        validate_email(email.strip())
    except ValidationError:
        raise FrameError("bad_email", detail) from None
    return LeaveContact(email.strip())


def _resolution(frame: dict[str, Any]) -> AnswerResolution:
    solved = frame.get("solved")
    if solved not in ("yes", "no", "not_yet"):
        raise FrameError("bad_solved", _("The field solved must be yes, no or not_yet."))
    return AnswerResolution(solved)


def _satisfaction(frame: dict[str, Any]) -> RateConversation:
    score, comment = frame.get("score"), frame.get("comment", "")
    if isinstance(score, bool) or not isinstance(score, int) or not 1 <= score <= 5:
        raise FrameError("bad_score", _("The field score must be a whole number from 1 to 5."))
    if not isinstance(comment, str):
        raise FrameError("bad_comment", _("The field comment must be a string."))
    return RateConversation(score, clean_text(comment) if comment.strip() else "")


def _uuid(value: Any, name: str) -> UUID:
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        detail = _("The field %(name)s must be a UUID.") % {"name": name}
        raise FrameError(f"bad_{name}", detail) from None


_PARSERS: dict[str, Any] = {
    "message.send": _send,
    "resume": _resume,
    "reply.stop": lambda _frame: StopReply(),
    "human.request": lambda _frame: RequestHuman(),
    "typing": lambda _frame: Typing(),
    "ping": lambda _frame: Ping(),
    "key.kept": lambda _frame: KeepKey(),
    "seen": _seen,
    "reply.rate": _rate,
    "queue.look": lambda _frame: LookAtQueue(),
    "contact.leave": _contact,
    "resolution.answer": _resolution,
    "conversation.rate": _satisfaction,
}


def encode(frame: dict[str, Any]) -> str:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
