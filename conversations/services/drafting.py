"""Writing the words of an answer: the model through the grounding gate, else the passages quoted.

A ladder in small: the rung of this worker, then quotation, which needs no model and cannot fail.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from conversations.dialogue import grounding, prompt
from conversations.dialogue.memory import Memory
from conversations.dialogue.writer import GroundedWriter
from conversations.inference.backend import (
    BackendUnavailable,
    ChatMessage,
    GenerationBackend,
    GenerationRequest,
    GenerationStats,
)
from conversations.inference.extractive import Source, compose, pieces
from conversations.services.keeper import HeldLease
from conversations.services.turns import LostTurn
from conversations.streaming.coalescer import Coalescer
from conversations.streaming.publisher import Fenced, StopRequested, TurnStream

EXTRACTIVE = "extractive"


@dataclass
class Draft:
    """What came out. `tier` is the rung whose words the customer reads."""

    text: str = ""
    tier: str = EXTRACTIVE
    model: str = ""
    stopped: bool = False
    sources: tuple[int, ...] = ()
    tiers_tried: list[str] = field(default_factory=list)
    stats: GenerationStats | None = None
    first_token_at: datetime | None = None
    trace: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Drafting:
    """How drafts are made: limits and clocks come in here."""

    company: str
    reply_tokens: int
    flush_seconds: float
    flush_chars: int
    now: Callable[[], datetime]

    def write(
        self,
        *,
        memory: Memory,
        sources: tuple[Source, ...],
        backend: GenerationBackend | None,
        stream: TurnStream,
        held: HeldLease,
        seconds_left: float,
    ) -> Draft:
        """Write the answer into the stream, after what it shows already.

        Raises LostTurn when the turn is no longer ours; nothing may be saved then.
        """
        draft = Draft(text=stream.text)
        session = _Session(self, stream, held, draft)
        try:
            if backend is not None:
                session.generate(backend, memory, sources, seconds_left)
            if backend is None or draft.trace.get("fallback"):
                session.quote(memory.question, sources)
            session.coalescer.flush()
        except StopRequested:
            draft.stopped = True
        except Fenced:
            raise LostTurn from None
        draft.text = stream.text
        return draft

    def say(self, *, text: str, stream: TurnStream, held: HeldLease) -> Draft:
        """Show a ready sentence."""
        draft = Draft(tier="")
        session = _Session(self, stream, held, draft)
        try:
            for piece in pieces(text if not stream.text else "\n\n" + text):
                session.show(piece)
            session.coalescer.flush()
        except StopRequested:
            draft.stopped = True
        except Fenced:
            raise LostTurn from None
        draft.text = stream.text
        return draft


class _Session:
    """One draft being written."""

    def __init__(
        self, drafting: Drafting, stream: TurnStream, held: HeldLease, draft: Draft
    ) -> None:
        self.drafting, self.stream, self.held, self.draft = drafting, stream, held, draft
        self.coalescer = Coalescer(
            write=self._append,
            clock=time.monotonic,
            interval=drafting.flush_seconds,
            max_chars=drafting.flush_chars,
        )

    def _append(self, text: str) -> None:
        self.stream.append(text)
        if self.draft.first_token_at is None:
            self.draft.first_token_at = self.drafting.now()

    def show(self, text: str) -> None:
        self.check_held()
        self.coalescer.feed(text)

    def check_held(self) -> None:
        if self.held.lost.is_set():
            raise Fenced
        if self.held.stop.is_set():
            raise StopRequested

    def generate(
        self,
        backend: GenerationBackend,
        memory: Memory,
        sources: tuple[Source, ...],
        seconds_left: float,
    ) -> None:
        """Let the model write, as far as the passages support it."""
        self.draft.tiers_tried.append(backend.name)
        passages = [
            grounding.evidence(item.number, f"{item.title}. {item.text}") for item in sources
        ]
        writer = GroundedWriter(passages=passages, show=self.show, shown=self.stream.text)
        before = len(self.stream.text)
        try:
            self._run(backend, writer, self._request(memory, sources, seconds_left))
        except (BackendUnavailable, ValueError) as exc:
            self.draft.trace["fallback"] = type(exc).__name__
        self.draft.trace["grounding"] = {"supported": writer.supported, "refused": writer.refused}
        if writer.refused or (not writer.supported and not before):
            self.draft.trace["fallback"] = writer.refused or "nothing_said"
        if writer.supported:
            self.draft.tier, self.draft.model = backend.name, backend.model
            self.draft.sources = writer.sources

    def _run(
        self, backend: GenerationBackend, writer: GroundedWriter, request: GenerationRequest
    ) -> None:
        stream = backend.start(request)
        try:
            for piece in stream:
                self.check_held()
                if not writer.feed(piece):
                    break
            else:
                self.draft.stats = stream.stats
                writer.finish()
        finally:
            stream.cancel()

    def _request(
        self, memory: Memory, sources: tuple[Source, ...], seconds_left: float
    ) -> GenerationRequest:
        passages = [prompt.PromptPassage(item.number, item.title, item.text) for item in sources]
        chat = prompt.build(company=self.drafting.company, passages=passages, memory=memory)
        return GenerationRequest(
            request_id=f"{self.stream.turn_id}/{self.stream.epoch}",
            messages=tuple(ChatMessage(item.role, item.content) for item in chat),
            max_tokens=self.drafting.reply_tokens,
            deadline=time.monotonic() + seconds_left,
            prefix=self.stream.text,
        )

    def quote(self, question: str, sources: tuple[Source, ...]) -> None:
        """Say it in the articles' own words, after what was shown."""
        self.coalescer.flush()
        self.draft.tiers_tried.append(EXTRACTIVE)
        answer = compose(question=question, sources=sources, prefix=self.stream.text)
        for piece in pieces(answer.text):
            self.show(piece)
        self.draft.sources = tuple(dict.fromkeys((*self.draft.sources, *answer.cited)))
