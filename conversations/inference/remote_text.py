"""What another server writes, made fit to be shown: whole code points, no control characters.

Pure. The text stays untrusted: it goes through the grounding gate and is escaped like any model's.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LONE = re.compile(r"[\ud800-\udfff]")
_HIGH = ("\ud800", "\udbff")


class NotTheProtocol(ValueError):
    """The server said something that is no chunk of a streamed chat completion."""


class ServerError(ValueError):
    """The server broke the stream off with an error of its own."""


@dataclass(frozen=True)
class Delta:
    """One chunk: its text, and what it says of the end and the cost."""

    text: str = ""
    finish: str = ""
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int = 0


def read_chunk(data: str) -> Delta:
    """A `data:` line's JSON. Raises NotTheProtocol or ServerError; neither quotes the server."""
    try:
        chunk = json.loads(data)
    except (ValueError, RecursionError):
        raise NotTheProtocol("a chunk that is no JSON") from None
    if not isinstance(chunk, dict):
        raise NotTheProtocol("a chunk that is no object")
    if chunk.get("error"):
        raise ServerError
    choices = chunk.get("choices") or [{}]
    first = choices[0] if isinstance(choices, list) else None
    delta = first.get("delta") or {} if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(delta, dict):
        raise NotTheProtocol("a chunk without choices")
    text, finish = delta.get("content") or "", first.get("finish_reason") or ""
    if not isinstance(text, str) or not isinstance(finish, str):
        raise NotTheProtocol("a chunk whose content is no text")
    usage = chunk.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("prompt_tokens_details")
    return Delta(
        text=text,
        finish=finish,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        output_tokens=_count(usage.get("completion_tokens")),
        cached_tokens=_count((details or {}).get("cached_tokens")) or 0
        if isinstance(details, dict | None)
        else 0,
    )


def _count(value: Any) -> int | None:
    plausible = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31
    return value if plausible else None


class Cleaner:
    """Takes out what may not be shown or stored, also where it is spread over pieces."""

    def __init__(self) -> None:
        self._half = ""

    def push(self, text: str) -> str:
        text, self._half = self._half + text, ""
        if text and _HIGH[0] <= text[-1] <= _HIGH[1]:
            text, self._half = text[:-1], text[-1]
        # Two halves that came apart become one character; what has no other half is replaced.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return _CONTROL.sub("", _LONE.sub("\ufffd", text))

    def flush(self) -> str:
        """The end: half a character that waited in vain."""
        half, self._half = self._half, ""
        return "\ufffd" if half else ""


class EchoFilter:
    """Leaves out the beginning of an answer where the server says it once more.

    A server that goes on from a last assistant message should send what follows. Some send the
    message again; all of it is held back until that is clear.
    """

    def __init__(self, prefix: str) -> None:
        self._expected = prefix
        self._held = ""

    def push(self, text: str) -> str:
        if not self._expected:
            return text
        self._held += text
        if self._held.startswith(self._expected):
            rest = self._held[len(self._expected) :]
            self._expected = self._held = ""
            return rest
        if self._expected.startswith(self._held):
            return ""
        return self.flush()

    def flush(self) -> str:
        held, self._held, self._expected = self._held, "", ""
        return held
