"""What a rung of the ladder promises to those who ask it for text.

Pure: no Django and no torch, so the web process, the services and the tests may import it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "cancelled", "deadline"]


class BackendUnavailable(Exception):
    """The backend cannot serve: its model cannot be loaded, or its engine has died.

    The message is for an operator: what is wrong, and what to do about it. It carries no text of
    a customer. Raised by a builder, by `start()`, or in the middle of a stream.
    """

    @property
    def reason(self) -> str:
        """The message, as the health page shows it."""
        return str(self)


class BackendBusy(BackendUnavailable):
    """The rung is well but takes no more for the next `retry_after` seconds."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class RequestRefused(BackendUnavailable):
    """The rung is well and refuses this one request (too long, say): no fault of the rung."""


@dataclass(frozen=True)
class ChatMessage:
    """One message of the prompt. Put what is shared (instructions, passages) first: equal
    beginnings of prompts are computed once."""

    role: Role
    content: str


@dataclass(frozen=True, kw_only=True)
class GenerationRequest:
    """One reply to be written.

    `request_id` is the turn's id and epoch; it names the request in logs and is not interpreted.
    `prefix` is assistant text that the customer has been shown already: the stream continues
    right after it and never repeats it. `deadline` is a time.monotonic() moment. A stop string
    ends the text and is not part of it.
    """

    request_id: str
    messages: tuple[ChatMessage, ...]
    max_tokens: int
    deadline: float
    prefix: str = ""
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GenerationStats:
    """What a finished stream cost. Seconds count from `start()`; None: no text came out.

    `cached_tokens` of the prompt's tokens were found computed already (a shared prefix).
    """

    model: str
    prompt_tokens: int
    output_tokens: int
    first_token_s: float | None
    finish_reason: FinishReason
    cached_tokens: int = 0


@dataclass(frozen=True, kw_only=True)
class BackendLoad:
    """How busy a backend is, and when a request that comes now would see its first text."""

    active: int
    waiting: int
    slots: int
    predicted_first_token_s: float


class GenerationStream(Protocol):
    """The text of one reply as it is written, for one reading thread.

    Pieces are whole code points; joined, they are the reply. The iteration ends at the end of the
    text, at the deadline and after `cancel()`; it raises BackendUnavailable when the engine dies.
    """

    def __iter__(self) -> Iterator[str]: ...

    def cancel(self) -> None:
        """Stop writing and free the slot at once. Any thread, any time, as often as you like."""
        ...

    @property
    def stats(self) -> GenerationStats:
        """The cost. Complete once the iteration has ended; RuntimeError before that."""
        ...


class GenerationBackend(Protocol):
    """A loaded model that many threads may ask at the same time."""

    @property
    def name(self) -> str:
        """The rung: "gpu", "cpu", or the name of another configured one."""
        ...

    @property
    def model(self) -> str:
        """The model, as the turn's record names it."""
        ...

    def ready(self) -> bool:
        """Whether `start()` would be served now. Cheap, never raises."""
        ...

    def start(self, request: GenerationRequest) -> GenerationStream:
        """Queue a request and return at once. Raises BackendUnavailable when not ready and
        ValueError when the prompt cannot fit into the model's context."""
        ...

    def warm(self, messages: Sequence[ChatMessage]) -> None:
        """Compute the beginning of coming prompts in advance, when nothing else is waiting.

        A hint: returns at once, is dropped under load, and never fails."""
        ...

    def load(self) -> BackendLoad:
        """The present load, for admission. Cheap, never raises."""
        ...

    def close(self) -> None:
        """End all streams (cancelled) and free the model. May be called twice."""
        ...
