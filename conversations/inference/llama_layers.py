"""The matrices of a Llama as the engine applies them: as loaded (NF4 or plain), or in int8.

A layer is four applications: into attention, out of it, into the feed-forward part, out of it;
the norms belong to the "into" ones.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlamaForCausalLM

Apply = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Layer:
    attention_in: Apply
    attention_out: Apply
    feed_in: Apply
    feed_out: Apply


@dataclass(frozen=True)
class Layers:
    """A Llama without its control flow. `embedding` is the table of input vectors."""

    embedding: Tensor
    layers: tuple[Layer, ...]
    head: Apply


def as_loaded(model: LlamaForCausalLM) -> Layers:
    """The modules that transformers and bitsandbytes made."""
    return Layers(
        embedding=model.model.embed_tokens.weight.data,
        layers=tuple(
            Layer(
                _normed(
                    layer.input_layernorm,
                    _joined(layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj),
                ),
                layer.self_attn.o_proj,
                _normed(
                    layer.post_attention_layernorm,
                    _joined(layer.mlp.gate_proj, layer.mlp.up_proj),
                ),
                layer.mlp.down_proj,
            )
            for layer in model.model.layers
        ),
        head=_normed(model.model.norm, model.lm_head),
    )


def in_int8(model: LlamaForCausalLM) -> Layers:
    """Weights in int8, a scale for each output; activations quantized as they come, row by row.

    For the CPU, from a model in float32. The embedding is only looked up and stays in bf16.
    """
    return Layers(
        embedding=model.model.embed_tokens.weight.data.to(torch.bfloat16),
        layers=tuple(
            Layer(
                Int8(
                    layer.self_attn.q_proj,
                    layer.self_attn.k_proj,
                    layer.self_attn.v_proj,
                    norm=layer.input_layernorm,
                ),
                Int8(layer.self_attn.o_proj),
                Int8(layer.mlp.gate_proj, layer.mlp.up_proj, norm=layer.post_attention_layernorm),
                Int8(layer.mlp.down_proj),
            )
            for layer in model.model.layers
        ),
        head=Int8(model.lm_head, norm=model.model.norm),
    )


def _normed(norm: nn.Module, apply: Apply) -> Apply:
    weight, eps = norm.weight.data, norm.variance_epsilon

    def normed(x: Tensor) -> Tensor:
        return apply(functional.rms_norm(x, (x.shape[-1],), weight, eps))

    return normed


def _joined(*parts: nn.Module) -> Apply:
    def joined(x: Tensor) -> Tensor:
        return torch.cat([part(x) for part in parts], dim=-1)

    return joined


class Int8:
    """One or more matrices with the same input, joined, behind an optional norm.

    Rows are scaled to one before the kernel quantizes them, and back afterwards: the kernel has
    one scale for all rows, and a prompt's first token is a hundred times as large as the rest.
    """

    def __init__(self, *parts: nn.Linear, norm: nn.Module | None = None) -> None:
        weight = torch.cat([part.weight.data.float() for part in parts])
        scale = weight.abs().amax(dim=1).clamp_(min=1e-8) / 127
        values = (weight / scale[:, None]).round_().clamp_(-127, 127).to(torch.int8)
        zeros = torch.zeros(len(scale), dtype=torch.long)
        with warnings.catch_warnings():
            # The tensor type is on its way out; the kernel that reads it is not, and has no peer.
            warnings.simplefilter("ignore", UserWarning)
            quantized = torch._make_per_channel_quantized_tensor(values, scale.double(), zeros, 0)
        self._packed = torch.ops.quantized.linear_prepack(quantized, None)
        self._norm = norm.weight.data.float() if norm is not None else None
        self._eps = norm.variance_epsilon if norm is not None else 0.0

    def __call__(self, x: Tensor) -> Tensor:
        back: Tensor | None = None
        if self._norm is not None:
            back = x.square().mean(-1, keepdim=True).add_(self._eps).rsqrt_()
            x = x * self._norm
        if len(x) > 1:
            peak = x.abs().amax(-1, keepdim=True).clamp_(min=1e-8)
            x = x / peak
            back = peak if back is None else back.mul_(peak)
        out: Tensor = torch.ops.quantized.linear_dynamic(x, self._packed, False)
        return out if back is None else out.mul_(back)
