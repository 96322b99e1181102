"""The matrices of a Llama as the engine applies them: as loaded (NF4 or plain), or in int8.

A layer is four applications: into attention, out of it, into the feed-forward part, out of it;
the norms belong to the "into" ones.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlamaForCausalLM

from conversations.inference.llama_int8 import Int8

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
