"""Lays a step out as rows of one batch: which token goes where and sees what."""

from dataclasses import dataclass

import torch
from torch import Tensor

from conversations.inference.scheduler import Chunk, Plan, Sequence
from conversations.inference.segments import segments


@dataclass(frozen=True)
class Group:
    """Writing sequences in neighbouring slots; `rows` finds each slot's query (a hole has any)."""

    first: int
    last: int
    length: int
    rows: Tensor | slice
    kept: Tensor | None
    mask: Tensor


@dataclass(frozen=True)
class Span:
    """A chunk of a prompt: rows `first` to `last` look at `length` tokens of a slot."""

    slot: int
    first: int
    last: int
    length: int
    mask: Tensor | None


@dataclass(frozen=True)
class Batch:
    tokens: Tensor
    positions: Tensor
    slots: Tensor
    last: Tensor
    groups: tuple[Group, ...]
    spans: tuple[Span, ...]


def lay_out(plan: Plan, device: torch.device) -> Batch:
    """Lay the plan's tokens out as rows: writing sequences by slot, then the chunks."""
    order = sorted(range(len(plan.writing)), key=lambda i: plan.writing[i].slot)
    writing = [plan.writing[i] for i in order]
    tokens = [sequence.output[-1] for sequence in writing]
    positions = [sequence.computed for sequence in writing]
    slots = [sequence.slot for sequence in writing]
    row_of = {index: row for row, index in enumerate(order)}
    last = [row_of[index] for index in range(len(order))]
    spans = []
    for chunk in plan.chunks:
        first = len(tokens)
        tokens.extend(chunk.sequence.prompt[chunk.start : chunk.end])
        positions.extend(range(chunk.start, chunk.end))
        slots.extend([chunk.sequence.slot] * (chunk.end - chunk.start))
        mask = _chunk_mask(chunk, device) if chunk.start else None
        spans.append(Span(chunk.sequence.slot, first, len(tokens), chunk.end, mask))
        if chunk.completes:
            last.append(len(tokens) - 1)

    def tensor(values: list[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.long, device=device)

    return Batch(
        tensor(tokens),
        tensor(positions),
        tensor(slots),
        tensor(last),
        _groups(writing, device),
        tuple(spans),
    )


def _groups(writing: list[Sequence], device: torch.device) -> tuple[Group, ...]:
    if not writing:
        return ()
    lengths = [0] * (writing[-1].slot + 1)
    for sequence in writing:
        lengths[sequence.slot] = sequence.computed + 1
    groups, row = [], 0
    for segment in segments(lengths):
        mine = lengths[segment.first : segment.last]
        known = torch.tensor(mine, device=device)
        # A hole reads one token, as a softmax over nothing is NaN.
        seen = torch.arange(segment.length, device=device) < known.clamp(min=1)[:, None]
        mask = torch.zeros(seen.shape, dtype=torch.bfloat16, device=device)
        mask.masked_fill_(~seen, -torch.inf)
        count = sum(length > 0 for length in mine)
        rows: Tensor | slice = slice(row, row + count)
        kept: Tensor | None = None
        if count < len(mine):
            rows = row + (known > 0).cumsum(0).sub(1).clamp(min=0)
            kept = known.nonzero()[:, 0]
        groups.append(
            Group(segment.first, segment.last, segment.length, rows, kept, mask[:, None, None])
        )
        row += count
    return tuple(groups)


def _chunk_mask(chunk: Chunk, device: torch.device) -> Tensor:
    """Row i of the chunk sees everything up to its own token."""
    own = torch.arange(chunk.start, chunk.end, device=device)[:, None]
    seen = torch.arange(chunk.end, device=device) <= own
    return torch.zeros(seen.shape, dtype=torch.bfloat16, device=device).masked_fill_(
        ~seen, -torch.inf
    )
