"""A rung that another server runs, behind the same promises as our own engine.

Each reply has a thread that reads the wire; the asking thread reads that one's queue, so that no
server, however slow or odd, keeps it beyond the deadline, the first token's time or a stall.
"""

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from conversations.inference.backend import (
    BackendBusy,
    BackendLoad,
    BackendUnavailable,
    ChatMessage,
    FinishReason,
    GenerationRequest,
    GenerationStats,
)
from conversations.inference.measures import Meter
from conversations.inference.remote_rungs import RemoteRung
from conversations.inference.remote_text import (
    Cleaner,
    Delta,
    EchoFilter,
    NotTheProtocol,
    ServerError,
    read_chunk,
)
from conversations.inference.remote_wire import Wire
from conversations.inference.text import StopFilter

#: No token is longer; a server that goes on and on is cut at so many characters a token.
CHARS_PER_TOKEN = 24
#: Stop strings that the protocol takes; the rest is found here.
MOST_STOPS = 4
CHECK_SECONDS = 10.0


class RemoteBackend:
    """See GenerationBackend. Nothing is loaded, and nothing is sent until a reply is asked for."""

    def __init__(self, rung: RemoteRung, api_key: str = "") -> None:
        self.rung, self.name, self.model = rung, rung.name, rung.model
        self.reason = ""
        self.continues = rung.continues != "no"
        self._key = api_key
        self._meter = Meter(expected_s=rung.expected_first_token_ms / 1000)
        self._streams: set[RemoteStream] = set()
        self._lock = threading.Lock()
        self._busy_until = 0.0
        self._checked_at = -CHECK_SECONDS
        self._closed = False

    def ready(self) -> bool:
        return not self._closed and not self.reason

    def start(self, request: GenerationRequest) -> "RemoteStream":
        if self._closed:
            raise BackendUnavailable(f"The rung {self.name} is closed.")
        if request.prefix and not self.continues:
            raise ValueError(f"The server of the rung {self.name} cannot go on from a text.")
        with self._lock:
            if len(self._streams) >= self.rung.slots:
                raise BackendBusy(f"{self.name} has {self.rung.slots} replies in hand", 0.5)
            stream = RemoteStream(self, request)
            self._streams.add(stream)
        stream.begin(Wire(self.rung, self._key), self._body(request))
        return stream

    def warm(self, messages: Sequence[ChatMessage]) -> None:
        """The server keeps its own prefixes."""

    def load(self) -> BackendLoad:
        active = len(self._streams)
        pause = max(0.0, self._busy_until - time.monotonic())
        return BackendLoad(
            active=active,
            waiting=0,
            slots=self.rung.slots,
            predicted_first_token_s=pause + self._meter.predicted(active, self.rung.slots),
        )

    def close(self) -> None:
        self._closed = True
        for stream in list(self._streams):
            stream.cancel()

    def check(self) -> None:
        """Ask the server whether it is there, now and then; sets `reason`. Never raises."""
        if time.monotonic() - self._checked_at < CHECK_SECONDS:
            return
        self._checked_at = time.monotonic()
        try:
            Wire(self.rung, self._key).check("/models")
        except BackendBusy as exc:
            self.busy(exc.retry_after)
        except BackendUnavailable as exc:
            self.reason = exc.reason
            return
        self.reason = ""

    # --- called by streams

    def busy(self, seconds: float) -> None:
        self._busy_until = time.monotonic() + seconds

    def ended(self, stream: "RemoteStream", first_s: float | None, total_s: float) -> None:
        with self._lock:
            self._streams.discard(stream)
        if first_s is not None:
            self._meter.add(first_s, total_s)

    def _body(self, request: GenerationRequest) -> dict[str, Any]:
        messages = [{"role": item.role, "content": item.content} for item in request.messages]
        body: dict[str, Any] = {
            "model": self.model,
            "messages": messages,
            "max_tokens": request.max_tokens,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.stop:
            body["stop"] = list(request.stop[:MOST_STOPS])
        if request.prefix:
            messages.append({"role": "assistant", "content": request.prefix})
            if self.rung.continues == "vllm":
                body |= {"add_generation_prompt": False, "continue_final_message": True}
        return body


class RemoteStream:
    """One reply on the wire. See GenerationStream for what it promises."""

    def __init__(self, backend: RemoteBackend, request: GenerationRequest) -> None:
        self._backend, self._request = backend, request
        self._pieces: queue.SimpleQueue[Delta | BackendUnavailable | None] = queue.SimpleQueue()
        self._cancelled = threading.Event()
        self._began = time.monotonic()
        self._cleaner, self._echo = Cleaner(), EchoFilter(request.prefix)
        self._stop = StopFilter(request.stop)
        self._first: float | None = None
        self._finish: FinishReason | None = None
        self._usage = Delta()
        self._shown = self._deltas = 0
        self._wire: Wire | None = None

    def begin(self, wire: Wire, body: dict[str, Any]) -> None:
        self._wire = wire
        threading.Thread(target=self._read, args=(wire, body), name="remote", daemon=True).start()

    def cancel(self) -> None:
        if not self._cancelled.is_set():
            self._cancelled.set()
            self._pieces.put(None)
            if self._wire is not None:
                self._wire.close()

    def __iter__(self) -> Iterator[str]:
        try:
            while self._finish is None:
                if text := self._take(self._next()):
                    self._first = self._first or time.monotonic() - self._began
                    self._shown += len(text)
                    yield text
        except BackendBusy as exc:
            self._backend.busy(exc.retry_after)
            raise
        finally:
            self._finish = self._finish or "cancelled"
            self.cancel()  # frees the server's slot too
            self._backend.ended(self, self._first, time.monotonic() - self._began)

    def _next(self) -> Delta | None:
        """The next chunk; None at the end. Raises BackendUnavailable."""
        rung = self._backend.rung
        patience = rung.stall_seconds if self._first else rung.first_token_seconds
        left = self._request.deadline - time.monotonic()
        try:
            found = self._pieces.get(timeout=max(0.0, min(patience, left)))
        except queue.Empty:
            if left <= patience:
                self._finish = "deadline"
                return None
            raise BackendUnavailable(
                f"The server of the rung {rung.name} sent no text for {patience:g} s."
            ) from None
        if self._cancelled.is_set():
            self._finish = "cancelled"
            return None
        if isinstance(found, BackendUnavailable):
            raise found
        return found

    def _take(self, delta: Delta | None) -> str:
        """The text that may be shown now; sets `_finish` where it ends."""
        if self._finish:
            return ""
        if delta is None:
            self._finish = "length" if self._usage.finish == "length" else "stop"
            rest = self._echo.push(self._cleaner.flush()) + self._echo.flush()
            return self._stop.push(rest) + self._stop.flush()
        text = self._stop.push(self._echo.push(self._cleaner.push(delta.text)))
        if self._stop.stopped:
            self._finish = "stop"
        elif self._shown + len(text) > self._request.max_tokens * CHARS_PER_TOKEN:
            self._finish = "length"
        return text

    @property
    def stats(self) -> GenerationStats:
        if self._finish is None:
            raise RuntimeError("The stream has not ended yet.")
        words = sum(len(message.content.split()) for message in self._request.messages)
        usage = self._usage
        return GenerationStats(
            model=self._backend.model,
            prompt_tokens=words if usage.prompt_tokens is None else usage.prompt_tokens,
            output_tokens=self._deltas if usage.output_tokens is None else usage.output_tokens,
            first_token_s=self._first,
            finish_reason=self._finish,
            cached_tokens=usage.cached_tokens,
        )

    # --- the reading thread

    def _read(self, wire: Wire, body: dict[str, Any]) -> None:
        name = self._backend.name
        try:
            for data in wire.events("/chat/completions", body):
                delta = read_chunk(data)
                if delta.finish or delta.prompt_tokens is not None:
                    self._usage = Delta(
                        finish=delta.finish or self._usage.finish,
                        prompt_tokens=delta.prompt_tokens,
                        output_tokens=delta.output_tokens,
                        cached_tokens=delta.cached_tokens,
                    )
                if delta.text:
                    self._deltas += 1
                    self._pieces.put(delta)
        except BackendUnavailable as exc:
            self._pieces.put(exc)
        except (NotTheProtocol, ServerError) as exc:
            said = str(exc) or "an error in mid-answer"
            self._pieces.put(BackendUnavailable(f"The server of the rung {name} sent {said}."))
        else:
            self._pieces.put(None)
        finally:
            wire.close()
