"""What the engine computes next: continuous batching with chunked prefill, as pure bookkeeping.

Knows tokens, slots and pages, no tensors and no threads; the engine's one thread calls it. Every
step gives each writing sequence one token, and what is left of the step's budget to prompts.
"""

from collections.abc import Sequence as Tokens
from dataclasses import dataclass, field

from conversations.inference.prefixes import PrefixIndex, page_keys

#: Prompt tokens that a second of waiting is worth: short prompts go first, none waits for ever.
AGEING = 400.0
#: Beginnings that wait to be computed in advance; further hints are dropped.
MOST_WARMING = 64


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What fits: sequences at once, tokens of one sequence, prompt tokens computed in a step."""

    slots: int
    context: int
    step_tokens: int


@dataclass(eq=False, kw_only=True)
class Sequence:
    """A reply in the making. `computed` of its tokens are in the slot's cache."""

    prompt: Tokens[int]
    max_tokens: int
    arrived: float
    warming: bool = False
    slot: int = -1
    computed: int = 0
    cached: int = 0
    output: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)

    @property
    def prefilling(self) -> bool:
        return self.computed < len(self.prompt)


@dataclass(frozen=True)
class Chunk:
    """Tokens `start` to `end` of a prompt, to be computed in this step. Before that, `pages` of
    the prefix store are copied to the slot's beginning."""

    sequence: Sequence
    start: int
    end: int
    pages: tuple[int, ...]

    @property
    def completes(self) -> bool:
        """Whether the prompt's last token is in it, so that a first token comes out."""
        return self.end == len(self.sequence.prompt)


@dataclass(frozen=True)
class Plan:
    """One step: one token for each of `writing`, and the chunks of prompts."""

    writing: tuple[Sequence, ...]
    chunks: tuple[Chunk, ...]

    def __bool__(self) -> bool:
        return bool(self.writing or self.chunks)


class Scheduler:
    """Admits sequences to slots and plans steps."""

    def __init__(self, limits: Limits, prefixes: PrefixIndex) -> None:
        self.limits = limits
        self.prefixes = prefixes
        self._waiting: list[Sequence] = []
        self._warming: list[Sequence] = []
        self._running: list[Sequence] = []
        self._free = list(range(limits.slots - 1, -1, -1))

    @property
    def active(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def idle(self) -> bool:
        return not (self._waiting or self._warming or self._running)

    @property
    def backlog(self) -> int:
        """Prompt tokens that are still to be computed."""
        everyone = (*self._waiting, *self._running)
        return sum(max(0, len(s.prompt) - s.computed) for s in everyone if not s.warming)

    def add(self, sequence: Sequence) -> None:
        """Queue a sequence. Its prompt and reply must fit the context (the adapter checks)."""
        sequence.keys = page_keys(sequence.prompt, self.prefixes.page_size)
        if not sequence.warming:
            self._waiting.append(sequence)
        elif len(self._warming) < MOST_WARMING:
            self._warming.append(sequence)

    def remove(self, sequence: Sequence) -> None:
        """Forget a sequence, finished or not; its slot is free for the next step."""
        for queue in (self._waiting, self._warming):
            if sequence in queue:
                queue.remove(sequence)
        if sequence in self._running:
            self._running.remove(sequence)
            self._free.append(sequence.slot)

    def plan(self, now: float) -> Plan:
        """The next step. Empty when there is nothing to do."""
        self._admit(now)
        writing = tuple(s for s in self._running if not s.prefilling)
        return Plan(writing, self._chunks(now))

    def commit(self, plan: Plan) -> list[tuple[Sequence, int, int]]:
        """Book a computed step; returns (sequence, page, first token) to be saved as prefixes."""
        for sequence in plan.writing:
            sequence.computed += 1
        save: list[tuple[Sequence, int, int]] = []
        for chunk in plan.chunks:
            sequence = chunk.sequence
            sequence.computed = chunk.end
            made = self.prefixes.insert(sequence.prompt, sequence.keys, chunk.end)
            save.extend((sequence, page, start) for page, start in made)
        return save

    def _admit(self, now: float) -> None:
        self._waiting.sort(key=lambda s: _urgency(s, now))
        while self._waiting and self._free:
            self._enter(self._waiting.pop(0))
        if self._warming and not self._running:
            self._enter(self._warming.pop(0))

    def _enter(self, sequence: Sequence) -> None:
        # The lowest slot: the fewer holes, the longer the runs that are computed together.
        sequence.slot = min(self._free)
        self._free.remove(sequence.slot)
        self._running.append(sequence)

    def _chunks(self, now: float) -> tuple[Chunk, ...]:
        budget = self.limits.step_tokens
        chunks: list[Chunk] = []
        making: set[int] = set()
        for sequence in sorted(self._running, key=lambda s: _urgency(s, now)):
            if not sequence.prefilling or budget <= 0:
                continue
            start, pages = self._resume(sequence)
            next_page = start // self.prefixes.page_size
            if next_page < len(sequence.keys) and sequence.keys[next_page] in making:
                continue  # another prompt computes these very tokens now; share them next step
            end = min(len(sequence.prompt), start + budget)
            budget -= end - start
            making.update(sequence.keys[next_page : end // self.prefixes.page_size])
            chunks.append(Chunk(sequence, start, end, pages))
        return tuple(chunks)

    def _resume(self, sequence: Sequence) -> tuple[int, tuple[int, ...]]:
        """Where the sequence goes on, and the pages that get it there for nothing."""
        pages = self.prefixes.match(sequence.prompt, sequence.keys)
        # The last token is always computed: its result is the first token of the reply.
        usable = min(len(pages), (len(sequence.prompt) - 1) // self.prefixes.page_size)
        known = usable * self.prefixes.page_size
        if known <= sequence.computed:
            return sequence.computed, ()
        sequence.cached += known - sequence.computed
        return known, tuple(pages[:usable])


def _urgency(sequence: Sequence, now: float) -> tuple[bool, float]:
    """Smaller goes first: real before warming, then little work left, less what was waited."""
    work = len(sequence.prompt) - sequence.computed
    return sequence.warming, work - AGEING * (now - sequence.arrived)
