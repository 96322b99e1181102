"""The reading end of a reply that the engine writes."""

import queue
import time
from collections.abc import Callable, Iterator, Sequence

from conversations.inference.backend import (
    BackendUnavailable,
    FinishReason,
    GenerationRequest,
    GenerationStats,
)
from conversations.inference.scheduler import Sequence as Reply
from conversations.inference.text import Detokenizer, StopFilter

#: A reader waits so much longer than the deadline before it declares the engine stuck.
GRACE = 10.0


class EngineStream:
    """A reply being written by the engine. See GenerationStream for what it promises."""

    def __init__(
        self,
        request: GenerationRequest,
        sequence: Reply,
        *,
        decode: Callable[[Sequence[int]], str],
        model: str,
        wake: Callable[[], None],
    ) -> None:
        self.request = request
        self.sequence = sequence
        self.cancelled = False
        self._model = model
        self._wake = wake
        self._detokenizer = Detokenizer(decode)
        self._stop = StopFilter(request.stop)
        # A prefix that ends in a blank is prompted without it; the blank comes back in the text.
        prefix = request.prefix
        self._swallow = prefix[len(prefix.rstrip()) :]
        self._pieces: queue.SimpleQueue[str | BackendUnavailable | None] = queue.SimpleQueue()
        self._first: float | None = None
        self._finish: FinishReason | None = None

    def __iter__(self) -> Iterator[str]:
        try:
            while (piece := self._next()) is not None:
                if isinstance(piece, BackendUnavailable):
                    raise piece
                if not self.cancelled:
                    yield piece
        finally:
            if self._finish is None:
                self.cancel()
                self._finish = "cancelled"

    def _next(self) -> str | BackendUnavailable | None:
        if self.cancelled and self._finish is None:
            self._finish = "cancelled"
            return None
        wait = max(0.0, self.request.deadline - time.monotonic()) + GRACE
        try:
            return self._pieces.get(timeout=wait)
        except queue.Empty:
            return BackendUnavailable("The inference engine does not answer any more.")

    def cancel(self) -> None:
        if not self.cancelled:
            self.cancelled = True
            self._pieces.put(None)
            self._wake()

    @property
    def stats(self) -> GenerationStats:
        if self._finish is None:
            raise RuntimeError("The stream has not ended yet.")
        return GenerationStats(
            model=self._model,
            prompt_tokens=len(self.sequence.prompt),
            output_tokens=len(self.sequence.output),
            first_token_s=self._first,
            finish_reason=self._finish,
            cached_tokens=self.sequence.cached,
        )

    # --- called by the engine's thread

    def push(self, token: int) -> bool:
        """Take the next token; True when a stop string ended the reply."""
        self._show(self._stop.push(self._detokenizer.push(token)))
        return self._stop.stopped

    def finish(self, reason: FinishReason) -> None:
        if reason != "cancelled" and not self._stop.stopped:
            self._show(self._stop.push(self._detokenizer.flush()))
            self._show(self._stop.flush())
        self._finish = self._finish or reason
        self._pieces.put(None)

    def fail(self, error: BackendUnavailable) -> None:
        self._pieces.put(error)

    def _show(self, text: str) -> None:
        if text and self._swallow:
            blank, self._swallow = self._swallow, ""
            text = text.removeprefix(blank)
        if not text:
            return
        if self._first is None:
            self._first = time.monotonic() - self.sequence.arrived
        self._pieces.put(text)
