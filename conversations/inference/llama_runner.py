"""Computes the engine's steps: one forward pass over new tokens of many sequences at once.

The cache of a running sequence is one stretch of a slot (attention reads it without gathering);
computed prefixes live in pages of their own, shared by all, and are copied to a slot's beginning.
"""

import math
import mmap
import os
from collections.abc import Sequence as Rows

import torch
from torch import Tensor
from torch.nn import functional
from transformers import LlamaForCausalLM

from conversations.inference.llama_batch import Batch, lay_out
from conversations.inference.llama_layers import Layers
from conversations.inference.scheduler import Chunk, Limits, Plan, Sequence
from portal.core.priority import stand_back

#: How far this thread stands back (see nice(7)): a tenth of what another gets, where both want it.
BEHIND = 10


class LlamaRunner:
    """Runner of the engine, for any Llama on one device."""

    def __init__(
        self,
        model: LlamaForCausalLM,
        layers: Layers,
        *,
        limits: Limits,
        pages: int,
        page_size: int,
        threads: int,
    ) -> None:
        config = model.config
        self._layers = layers
        self._heads = config.num_attention_heads
        self._kv_heads = config.num_key_value_heads
        self._head_dim = config.head_dim
        self._limits = limits
        self._page_size = page_size
        self._threads = threads
        self._device = layers.embedding.device
        depth, heads, dim = config.num_hidden_layers, 2 * self._kv_heads, self._head_dim
        # Each head's tokens beside each other: attention reads them twice as fast on a CPU.
        self._slots = _zeros((depth, limits.slots, heads, limits.context, dim), self._device)
        self._pages = _zeros((depth, pages, heads, page_size, dim), self._device)
        self._head_places = torch.arange(heads, device=self._device) * limits.context
        self._cos, self._sin = _rotations(model, limits.context)

    def prepare(self) -> None:
        # In the thread that computes: the number of threads is a property of the calling thread.
        if self._device.type == "cpu":
            torch.set_num_threads(self._threads)
            stand_back(BEHIND)  # searches and first words before the next words of a reply

    @torch.inference_mode()
    def step(self, plan: Plan) -> "Logits":
        for chunk in plan.chunks:
            if chunk.pages:
                self._restore(chunk)
        return Logits(self._scores(plan))

    @torch.inference_mode()
    def scores(self, prompt: Rows[int]) -> Tensor:
        """What follows each token of a prompt, [tokens, vocabulary]: for measurements."""
        alone = Sequence(prompt=prompt, max_tokens=0, arrived=0.0, slot=0)
        found = self._scores(Plan((), (Chunk(alone, 0, len(prompt), ()),)), every=True)
        assert found is not None
        return found

    def _scores(self, plan: Plan, *, every: bool = False) -> Tensor | None:
        """The forward pass: scores of the rows that have a next token, or of every row."""
        batch = lay_out(plan, self._device)
        places = self._places(batch)
        x = self._layers.embedding[batch.tokens].to(self._cos.dtype)
        cos, sin = self._cos[batch.positions], self._sin[batch.positions]
        for number, layer in enumerate(self._layers.layers):
            cache = self._slots[number]
            query = self._remember(layer.attention_in(x), cache, cos, sin, places)
            x = x + layer.attention_out(self._attend(cache, query, batch).to(x.dtype))
            gate, up = layer.feed_in(x).chunk(2, dim=-1)
            x = x + layer.feed_out(functional.silu(gate).mul_(up))
        if every:
            return self._layers.head(x)
        return self._layers.head(x[batch.last]) if len(batch.last) else None

    @torch.inference_mode()
    def save(self, pages: Rows[tuple[Sequence, int, int]]) -> None:
        for sequence in {id(entry[0]): entry[0] for entry in pages}.values():
            mine = [entry for entry in pages if entry[0] is sequence]
            to = torch.tensor([page for _, page, _ in mine], device=self._device)
            source = torch.tensor(
                [start // self._page_size for _, _, start in mine], device=self._device
            )
            end = max(start for _, _, start in mine) + self._page_size
            # Only what is written: the rest is no memory.
            paged = self._paged(self._slots[:, sequence.slot, :, :end])
            self._pages.index_copy_(1, to, paged.index_select(1, source))

    def release(self) -> None:
        del self._slots, self._pages, self._layers

    def _restore(self, chunk: Chunk) -> None:
        pages = torch.tensor(chunk.pages, device=self._device)
        slot = self._slots[:, chunk.sequence.slot, :, : len(chunk.pages) * self._page_size]
        self._paged(slot).copy_(self._pages.index_select(1, pages))

    def _paged(self, slot: Tensor) -> Tensor:
        """[layer, head, token, dim] as [layer, page, head, token of it, dim]."""
        return slot.unflatten(2, (-1, self._page_size)).transpose(1, 2)

    def _places(self, batch: Batch) -> Tensor:
        """Where each row's heads are in a layer's cache, laid flat."""
        first = batch.slots * len(self._head_places) * self._limits.context + batch.positions
        return (first[:, None] + self._head_places).flatten()

    def _remember(
        self, states: Tensor, cache: Tensor, cos: Tensor, sin: Tensor, places: Tensor
    ) -> Tensor:
        """Write the rows' keys and values into the cache; returns their queries."""
        heads, kv = self._heads, self._kv_heads
        states = states.view(len(states), heads + 2 * kv, self._head_dim)
        turned = states[:, : heads + kv]
        # Halves swapped by roll; the sign that belongs to the swap is in the sine table.
        turned = torch.addcmul(turned * cos, turned.roll(self._head_dim // 2, -1), sin)
        fresh = torch.cat([turned[:, heads:], states[:, heads + kv :]], 1).to(cache.dtype)
        cache.flatten(0, 2).index_copy_(0, places, fresh.flatten(0, 1))
        return turned[:, :heads].to(cache.dtype)

    def _attend(self, cache: Tensor, query: Tensor, batch: Batch) -> Tensor:
        """Each new token looks at its own sequence. [tokens, heads, dim] to [tokens, all]."""
        kv, parts = self._kv_heads, []
        for group in batch.groups:
            slots = cache[group.first : group.last, :, : group.length]
            # The query heads of one key head are folded into the query's length.
            rows = query[group.rows].view(group.last - group.first, kv, -1, self._head_dim)
            seen = functional.scaled_dot_product_attention(
                rows, slots[:, :kv], slots[:, kv:], attn_mask=group.mask
            ).flatten(1)
            parts.append(seen if group.kept is None else seen[group.kept])
        for span in batch.spans:
            slot = cache[span.slot : span.slot + 1, :, : span.length]
            rows = query[span.first : span.last].transpose(0, 1)[None]
            seen = functional.scaled_dot_product_attention(
                rows,
                slot[:, :kv],
                slot[:, kv:],
                attn_mask=span.mask,
                is_causal=span.mask is None,
                enable_gqa=True,
            )
            parts.append(seen[0].transpose(0, 1).flatten(1))
        return parts[0] if len(parts) == 1 else torch.cat(parts)


class Logits:
    """The scores of a step's rows. See StepResult."""

    def __init__(self, scores: Tensor | None) -> None:
        self._scores = scores
        self.best: list[int] = [] if scores is None else scores.argmax(-1).tolist()

    def runner_up(self, row: int) -> int:
        assert self._scores is not None
        return int(self._scores[row].topk(2).indices[1])


def _zeros(shape: tuple[int, ...], device: torch.device) -> Tensor:
    """A cache. Zeros, as what lies beyond a slot's length is masked, but 0 x NaN would not be."""
    if device.type != "cpu":
        return torch.zeros(shape, dtype=torch.bfloat16, device=device)
    # Memory straight from the system, in small pages: what no reply has reached costs nothing.
    # (torch writes its zeros; numpy asks for huge pages, and 50 short replies then took 3 GB.)
    # Private: of shared memory even a read takes a page.
    private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if os.name == "posix" else {}
    memory = mmap.mmap(-1, 2 * math.prod(shape), **private)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    return torch.frombuffer(memory, dtype=torch.bfloat16).view(shape)


def _rotations(model: LlamaForCausalLM, context: int) -> tuple[Tensor, Tensor]:
    """Tables of the rotary embedding, [position, 1, dim], from the model's own (scaled) one."""
    embedding = model.model.embed_tokens.weight
    positions = torch.arange(context, device=embedding.device)[None]
    dtype = torch.float32 if embedding.device.type == "cpu" else embedding.dtype
    like = torch.zeros((1,), dtype=dtype, device=embedding.device)
    cos, sin = model.model.rotary_emb(like, positions)
    half = sin.shape[-1] // 2
    sin = torch.cat([-sin[..., :half], sin[..., half:]], dim=-1)
    return cos[0][:, None].contiguous(), sin[0][:, None].contiguous()
