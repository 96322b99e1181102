"""Writing the words of an answer: the model through the grounding gate, else the passages quoted.

The rungs of this worker from the best down, then another worker's, then quotation, which needs no
model and cannot fail. A rung that is lost in mid-answer is followed by one that goes on from there.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from conversations.dialogue import grounding, prompt
from conversations.dialogue.grounding import split_sentences
from conversations.dialogue.memory import Memory
from conversations.dialogue.writer import GroundedWriter, flat
from conversations.inference.backend import (
    BackendUnavailable,
    ChatMessage,
    GenerationBackend,
    GenerationRequest,
    GenerationStats,
)
from conversations.inference.extractive import Extract, Similarity, Source, compose, pieces
from conversations.inference.ladder import SMALL_RUNGS, Descent
from conversations.models import CachedAnswer
from conversations.retrieval.embedding import EmbeddingUnavailable
from conversations.services.keeper import HeldLease
from conversations.services.turns import LostTurn
from conversations.streaming.coalescer import Coalescer
from conversations.streaming.publisher import Fenced, StopRequested, TurnStream

EXTRACTIVE = "extractive"
#: Rungs whose model is too small for whole articles: it gets the sentences that would be quoted.
EVIDENCE_RUNGS = SMALL_RUNGS
EVIDENCE_WORDS = 120
OPENING_WORDS = 4
#: What such a rung may write.
EVIDENCE_TOKENS = 64
_CODE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
#: A refusal after which there is nothing to add: the answer is complete.
_COMPLETE = frozenset({"repeated", "fragment"})


class HandOn(Exception):
    """A rung of another worker takes the turn; what is shown so far stays."""

    def __init__(self, rung: str, draft: "Draft") -> None:
        super().__init__(rung)
        self.rung, self.draft = rung, draft


@dataclass
class Draft:
    """What came out. `tier` is the rung whose words the customer reads."""

    text: str = ""
    tier: str = EXTRACTIVE
    model: str = ""
    stopped: bool = False
    sources: tuple[int, ...] = ()
    cached: CachedAnswer | None = None
    tiers_tried: list[str] = field(default_factory=list)
    stats: GenerationStats | None = None
    first_token_at: datetime | None = None
    trace: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Drafting:
    """How drafts are made: limits, clocks and the likeness of sentences come in here."""

    company: str
    reply_tokens: int
    flush_seconds: float
    flush_chars: int
    now: Callable[[], datetime]
    similarity: Similarity | None = None

    def extracts(
        self, question: str, sources: tuple[Source, ...], *, prefix: str = "", words: int = 90
    ) -> tuple[str, tuple[Extract, ...]]:
        """The quotation that answers, chosen by meaning where the embedding model is there."""
        try:
            answer = compose(
                question=question,
                sources=sources,
                prefix=prefix,
                max_words=words,
                similarity=self.similarity,
            )
        except EmbeddingUnavailable:
            answer = compose(question=question, sources=sources, prefix=prefix, max_words=words)
        return answer.text, answer.extracts

    def write(
        self,
        *,
        memory: Memory,
        sources: tuple[Source, ...],
        descent: Descent,
        stream: TurnStream,
        held: HeldLease,
        seconds_left: float,
    ) -> Draft:
        """Write the answer into the stream, after what it shows already.

        Raises LostTurn when the turn is no longer ours, and HandOn when it is to go on at another
        worker's rung; nothing may be saved then.
        """
        draft = Draft(text=stream.text)
        session = _Session(self, stream, held, draft)
        try:
            if not session.descend(descent, memory, sources, seconds_left):
                descent.quoted()
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

    def descend(
        self,
        descent: Descent,
        memory: Memory,
        sources: tuple[Source, ...],
        seconds_left: float,
    ) -> bool:
        """Let the best rung write, and the next one go on where it is lost. False: quote the rest.

        Raises HandOn where the next one is another worker's.
        """
        ends_at = time.monotonic() + seconds_left
        self.draft.tiers_tried = descent.tried
        self.draft.trace["ladder"] = descent.steps
        while (backend := descent.next(shown=bool(self.stream.text))) is not None:
            self.draft.trace.pop("fallback", None)
            try:
                self.generate(backend, memory, sources, ends_at - time.monotonic())
            except (BackendUnavailable, ValueError) as exc:
                descent.lost(backend, exc)
                self.draft.trace["fallback"] = type(exc).__name__
                self.coalescer.flush()  # the next one goes on from every character that was let out
                continue
            refused = str(self.draft.trace.get("fallback", ""))
            descent.wrote(backend, refused=refused)
            return not refused
        if rung := descent.hand_on(shown=bool(self.stream.text)):
            raise HandOn(rung, self.draft)
        return False

    def generate(
        self,
        backend: GenerationBackend,
        memory: Memory,
        sources: tuple[Source, ...],
        seconds_left: float,
    ) -> None:
        """Let the model write, as far as the passages support it.

        Raises BackendUnavailable or ValueError when it could not, or not to the end.
        """
        evidence = self._evidence(backend, memory.question, sources)
        writer = GroundedWriter(
            passages=[
                grounding.evidence(item.number, f"{item.title}. {item.text}") for item in evidence
            ],
            show=self.show,
            shown=self.stream.text,
            quotable=_originals(evidence),
        )
        small = backend.name in EVIDENCE_RUNGS
        opening = self._opening(evidence) if small else ""
        if small and not opening and not self.stream.text:
            self.draft.trace["fallback"] = "no_prose"  # a list or a table: quoted whole
            return
        if opening:
            writer.begin(opening)
            self.coalescer.flush()
        else:
            writer.resume(self.stream.text)
        before = len(writer.shown)
        try:
            request = self._request(memory, evidence, seconds_left, small=small)
            self._run(backend, writer, request)
        finally:
            self._record(backend, writer, before)

    def _record(self, backend: GenerationBackend, writer: GroundedWriter, before: int) -> None:
        """What came of the model, also when the customer stopped it."""
        self.draft.trace["grounding"] = {"supported": writer.supported, "refused": writer.refused}
        wrote = writer.supported > 0 or len(writer.shown) > before
        if (writer.refused and writer.refused not in _COMPLETE) or not wrote:
            self.draft.trace["fallback"] = writer.refused or "nothing_said"
        if wrote:
            self.draft.tier, self.draft.model = backend.name, backend.model
            self.draft.sources = tuple(dict.fromkeys((*self.draft.sources, *writer.sources)))

    def _opening(self, evidence: tuple[Source, ...]) -> str:
        """The first words of the best sentence, for a small model to go on from.

        Left to itself such a model answers beside the point (docs/decisions/0005). Only of plain
        prose: a list or a table is quoted whole.
        """
        if self.stream.text or not evidence:
            return ""
        first = flat(split_sentences(evidence[0].text)[0])
        words = first.split(" ")
        plain = first[:1].isalpha() and len(words) > 2 * OPENING_WORDS
        return " ".join(words[:OPENING_WORDS]) if plain else ""

    def _evidence(
        self, backend: GenerationBackend, question: str, sources: tuple[Source, ...]
    ) -> tuple[Source, ...]:
        """What the model reads: the passages, or for a small one the sentences that answer."""
        if backend.name not in EVIDENCE_RUNGS:
            return sources
        _, extracts = self.drafting.extracts(question, sources, words=EVIDENCE_WORDS)
        by_number = {item.number: item for item in reversed(sources)}
        texts: dict[int, list[str]] = {}
        for extract in extracts:
            texts.setdefault(extract.source, []).append(extract.text)
        return tuple(
            replace(by_number[number], heading="", text="\n\n".join(parts))
            for number, parts in texts.items()
        )

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
        self, memory: Memory, sources: tuple[Source, ...], seconds_left: float, *, small: bool
    ) -> GenerationRequest:
        passages = [prompt.PromptPassage(item.number, item.title, item.text) for item in sources]
        if small:  # it goes on from a quotation; what is known of the customer only costs it time
            memory = replace(memory, facts=(), summary="")
        chat = prompt.build(company=self.drafting.company, passages=passages, memory=memory)
        return GenerationRequest(
            request_id=f"{self.stream.turn_id}/{self.stream.epoch}",
            messages=tuple(ChatMessage(item.role, item.content) for item in chat),
            max_tokens=(
                min(EVIDENCE_TOKENS, self.drafting.reply_tokens)
                if small
                else self.drafting.reply_tokens
            ),
            deadline=time.monotonic() + seconds_left,
            prefix=self.stream.text,
        )

    def quote(self, question: str, sources: tuple[Source, ...]) -> None:
        """Say it in the articles' own words, after what was shown."""
        self.coalescer.flush()
        self.draft.tiers_tried.append(EXTRACTIVE)
        text, extracts = self.drafting.extracts(question, sources, prefix=self.stream.text)
        if self.stream.text.endswith("\n"):
            text = text.lstrip("\n")
        for piece in pieces(text):
            self.show(piece)
        cited = (extract.source for extract in extracts)
        self.draft.sources = tuple(dict.fromkeys((*self.draft.sources, *cited)))


def _originals(sources: tuple[Source, ...]) -> dict[str, int]:
    """The sources' sentences, each with its number; code is quoted whole or not at all."""
    return {
        flat(sentence): source.number
        for source in sources
        for sentence in split_sentences(_CODE.sub("\n", source.text))
        if sentence.strip()
    }
