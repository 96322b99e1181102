"""A backend that says what it was told to say: for tests, and for measuring everything around it.

backend = ScriptedBackend()
backend.enqueue("Hi", " there", delay=0.01)
"".join(backend.start(request))  # "Hi there"
"""

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from conversations.inference.backend import (
    BackendLoad,
    BackendUnavailable,
    ChatMessage,
    FinishReason,
    GenerationRequest,
    GenerationStats,
)

SLOTS = 1_000
#: What the rung PORTAL_TIER=scripted says to everybody.
_ARTICLE = re.compile(r"<article [^>]*>\n(?P<text>.*?)\n</article>", re.DOTALL)
OVERHEAD_REPLY = ("This ", "reply ", "is ", "scripted; ", "it ", "measures ", "the ", "portal.")


@dataclass(frozen=True)
class Script:
    """What one request is answered with: pieces, the wait before each, and a failure at the end."""

    pieces: tuple[str, ...]
    delay: float = 0.0
    error: BackendUnavailable | None = None


class ScriptedBackend:
    """Answers each request with the next enqueued script, and with `default` when there is none.

    `requests` keeps what was asked, in order. A request's prefix is honoured as a model would:
    where the script begins with it, only the rest is said.
    """

    def __init__(
        self,
        *,
        default: Sequence[str] = (),
        delay: float = 0.0,
        name: str = "scripted",
        write: Callable[[GenerationRequest], Sequence[str]] | None = None,
    ) -> None:
        """`write` makes up the script of a request that none was enqueued for."""
        self.name = name
        self.model = "scripted"
        self.requests: list[GenerationRequest] = []
        self.warmed: list[tuple[ChatMessage, ...]] = []
        self._default = Script(tuple(default), delay)
        self._write = write
        self._scripts: deque[Script] = deque()
        self._streams: set[ScriptedStream] = set()
        self._closed = False
        self._lock = threading.Lock()

    def enqueue(
        self, *pieces: str, delay: float = 0.0, error: BackendUnavailable | None = None
    ) -> None:
        """Script the next unscripted request; `error` is raised after the last piece."""
        with self._lock:
            self._scripts.append(Script(pieces, delay, error))

    def ready(self) -> bool:
        return not self._closed

    def start(self, request: GenerationRequest) -> "ScriptedStream":
        with self._lock:
            if self._closed:
                raise BackendUnavailable("The scripted backend is closed.")
            script = self._scripts.popleft() if self._scripts else self._unscripted(request)
            stream = ScriptedStream(self, request, script)
            self.requests.append(request)
            self._streams.add(stream)
        return stream

    def _unscripted(self, request: GenerationRequest) -> Script:
        if self._write is None:
            return self._default
        return Script(tuple(self._write(request)), self._default.delay)

    def warm(self, messages: Sequence[ChatMessage]) -> None:
        self.warmed.append(tuple(messages))

    def load(self) -> BackendLoad:
        return BackendLoad(
            active=len(self._streams),
            waiting=0,
            slots=SLOTS,
            predicted_first_token_s=self._default.delay,
        )

    def close(self) -> None:
        with self._lock:
            self._closed = True
            streams = list(self._streams)
        for stream in streams:
            stream.cancel()

    def forget(self, stream: "ScriptedStream") -> None:
        """Called by a stream that has ended."""
        with self._lock:
            self._streams.discard(stream)


class ScriptedStream:
    """One scripted reply. See GenerationStream for what it promises."""

    def __init__(
        self, backend: ScriptedBackend, request: GenerationRequest, script: Script
    ) -> None:
        self._backend = backend
        self._request = request
        self._script = script
        self._cancelled = threading.Event()
        self._started = time.monotonic()
        self._first: float | None = None
        self._said = 0
        self._finish: FinishReason | None = None

    def __iter__(self) -> Iterator[str]:
        try:
            for piece in self._unsaid():
                if not self._wait():
                    return
                if self._said >= self._request.max_tokens:
                    self._finish = "length"
                    return
                self._first = self._first or time.monotonic() - self._started
                self._said += 1
                yield piece
            if self._script.error:
                raise self._script.error
            self._finish = "stop"
        finally:
            self._finish = self._finish or "cancelled"
            self._backend.forget(self)

    def _unsaid(self) -> Iterator[str]:
        """The script's pieces without the prefix, where the script begins with it."""
        prefix = self._request.prefix
        skip = len(prefix) if "".join(self._script.pieces).startswith(prefix) else 0
        for piece in self._script.pieces:
            rest, skip = piece[skip:], max(0, skip - len(piece))
            if rest:
                yield rest

    def _wait(self) -> bool:
        """Wait for the next piece; False when the stream ends instead."""
        left = self._request.deadline - time.monotonic()
        if self._cancelled.wait(max(0.0, min(self._script.delay, left))):
            self._finish = "cancelled"
        elif left < self._script.delay or left <= 0:
            self._finish = "deadline"
        return self._finish is None

    def cancel(self) -> None:
        self._cancelled.set()

    @property
    def stats(self) -> GenerationStats:
        if self._finish is None:
            raise RuntimeError("The stream has not ended yet.")
        return GenerationStats(
            model=self._backend.model,
            prompt_tokens=sum(len(m.content.split()) for m in self._request.messages),
            output_tokens=self._said,
            first_token_s=self._first,
            finish_reason=self._finish,
        )


def first_sentence(request: GenerationRequest) -> Sequence[str]:
    """The first words of the first article in the prompt, word by word: what passes the grounding
    gate like a model's answer. Without an article, OVERHEAD_REPLY."""
    found = _ARTICLE.search(request.messages[0].content) if request.messages else None
    text = " ".join(found["text"].split()) if found else ""
    first, stop, _ = text.partition(". ")
    sentence = first + stop.rstrip()
    return [f"{word} " for word in sentence.split(" ")] if sentence else OVERHEAD_REPLY


def build(_config: object) -> ScriptedBackend:
    """The rung PORTAL_TIER=scripted: an answer at once, to measure everything but the model."""
    return ScriptedBackend(write=first_sentence)
