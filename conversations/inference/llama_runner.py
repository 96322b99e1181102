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
from conversations.inference.llama_layers import Layer, Layers
from conversations.inference.scheduler import Chunk, Limits, Plan, Sequence


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
        width = (2 * self._kv_heads, self._head_dim)
        depth = config.num_hidden_layers
        self._slots = _zeros((depth, limits.slots, limits.context, *width), self._device)
        self._pages = _zeros((depth, pages, page_size, *width), self._device)
        self._cos, self._sin = _rotations(model, limits.context)

    def prepare(self) -> None:
        # In the thread that computes: the number of threads is a property of the calling thread.
        if self._device.type == "cpu":
            torch.set_num_threads(self._threads)

    @torch.inference_mode()
    def step(self, plan: Plan) -> "Logits":
        for chunk in plan.chunks:
            if chunk.pages:
                self._restore(chunk)
        batch = lay_out(plan, self._limits, self._device)
        x = self._layers.embedding[batch.tokens].to(self._cos.dtype)
        cos, sin = self._cos[batch.positions], self._sin[batch.positions]
        for number, layer in enumerate(self._layers.layers):
            x = self._layer(layer, self._slots[number], x, cos, sin, batch)
        return Logits(self._layers.head(x[batch.last]) if len(batch.last) else None)

    @torch.inference_mode()
    def save(self, pages: Rows[tuple[Sequence, int, int]]) -> None:
        for sequence in {id(entry[0]): entry[0] for entry in pages}.values():
            mine = [entry for entry in pages if entry[0] is sequence]
            to = torch.tensor([page for _, page, _ in mine], device=self._device)
            source = torch.tensor(
                [start // self._page_size for _, _, start in mine], device=self._device
            )
            end = max(start for _, _, start in mine) + self._page_size
            slot = self._slots[
                :, sequence.slot, :end
            ]  # only what is written: the rest is no memory
            paged = slot.unflatten(1, (-1, self._page_size))
            self._pages.index_copy_(1, to, paged.index_select(1, source))

    def release(self) -> None:
        del self._slots, self._pages, self._layers

    def _restore(self, chunk: Chunk) -> None:
        pages = torch.tensor(chunk.pages, device=self._device)
        slot = self._slots[:, chunk.sequence.slot, : len(chunk.pages) * self._page_size]
        slot.unflatten(1, (-1, self._page_size)).copy_(self._pages.index_select(1, pages))

    def _layer(
        self, layer: Layer, cache: Tensor, x: Tensor, cos: Tensor, sin: Tensor, batch: Batch
    ) -> Tensor:
        heads, kv = self._heads, self._kv_heads
        states = layer.attention_in(x).view(len(x), heads + 2 * kv, self._head_dim)
        turned = states[:, : heads + kv]
        # Halves swapped by roll; the sign that belongs to the swap is in the sine table.
        turned = torch.addcmul(turned * cos, turned.roll(self._head_dim // 2, -1), sin)
        query = turned[:, :heads].to(cache.dtype)
        fresh = torch.cat([turned[:, heads:], states[:, heads + kv :]], 1).to(cache.dtype)
        cache.flatten(0, 1).index_copy_(0, batch.places, fresh)
        x = x + layer.attention_out(self._attend(cache, query, batch).to(x.dtype))
        gate, up = layer.feed_in(x).chunk(2, dim=-1)
        return x + layer.feed_out(functional.silu(gate) * up)

    def _attend(self, cache: Tensor, query: Tensor, batch: Batch) -> Tensor:
        """Each new token looks at its own sequence. [tokens, heads, dim] to [tokens, all]."""
        kv, parts = self._kv_heads, []
        for group in batch.groups:
            slots = cache[group.first : group.last, : group.length].transpose(1, 2)
            # The query heads of one key head are folded into the query's length.
            rows = query[group.rows].view(group.last - group.first, kv, -1, self._head_dim)
            seen = functional.scaled_dot_product_attention(
                rows, slots[:, :kv], slots[:, kv:], attn_mask=group.mask
            ).flatten(1)
            parts.append(seen if group.kept is None else seen[group.kept])
        for span in batch.spans:
            slot = cache[span.slot : span.slot + 1, : span.length].transpose(1, 2)
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
