"""Matrices in int8 for the CPU, as torch's own kernel multiplies them."""

import time
import warnings
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Full scale of a weight. On a processor without VNNI the kernel adds pairs of products in 16 bits,
#: and 2 x 255 x 127 does not fit: sums are cut off without a word. 2 x 255 x 64 does.
FULL, HALF = 127, 64


class Int8:
    """One or more matrices with the same input, joined, behind an optional norm.

    Rows are scaled to one before the kernel quantizes them, and back afterwards: the kernel has
    one scale for all rows, and a prompt's first token is a hundred times as large as the rest.
    """

    def __init__(self, *parts: nn.Linear, norm: nn.Module | None = None) -> None:
        weight = torch.cat([part.weight.data.float() for part in parts])
        self._packed = _packed(weight, HALF if pairs_are_cut_off() else FULL)
        self._norm = norm.weight.data.float() if norm is not None else None
        self._eps = norm.variance_epsilon if norm is not None else 0.0

    def __call__(self, x: Tensor) -> Tensor:
        if self._norm is not None:
            x = functional.rms_norm(x, (x.shape[-1],), self._norm, self._eps)
        if len(x) == 1:
            return _multiply(x, self._packed)
        peak = x.abs().amax(-1, keepdim=True).clamp_(min=1e-8)
        return _multiply(x / peak, self._packed).mul_(peak)


@cache
def pairs_are_cut_off() -> bool:
    """Whether this processor's kernel loses what does not fit into 16 bits: asked, not guessed."""
    ones = torch.ones(1, 64)
    got = _multiply(ones, _packed(torch.ones(64, 64), FULL))
    return bool((got - 64).abs().max() > 1)


@cache
def int8_pays() -> bool:
    """Whether this processor multiplies int8 faster than float32: tried, in some 0.1 s."""
    plain = nn.Linear(512, 1536, bias=False)
    quantized = Int8(plain)
    return _seconds(quantized) < _seconds(plain)


@torch.inference_mode()
def _seconds(apply: nn.Module | Int8) -> float:
    """The least of a few tries for a reply that writes, sixteen of them, and a prompt."""
    total = 0.0
    for rows in (1, 16, 128):
        x = torch.randn(rows, 512)
        tries = []
        for _ in range(6):
            began = time.perf_counter()
            apply(x)
            tries.append(time.perf_counter() - began)
        total += min(tries)
    return total


def _multiply(x: Tensor, packed: torch.ScriptObject) -> Tensor:
    out: Tensor = torch.ops.quantized.linear_dynamic.default(x, packed, False)
    return out


def _packed(weight: Tensor, largest: int) -> torch.ScriptObject:
    scale = weight.abs().amax(dim=1).clamp_(min=1e-8) / largest
    values = (weight / scale[:, None]).round_().clamp_(-largest, largest).to(torch.int8)
    zeros = torch.zeros(len(scale), dtype=torch.long)
    with warnings.catch_warnings():
        # The tensor type is on its way out; the kernel that reads it is not, and has no peer.
        warnings.simplefilter("ignore", UserWarning)
        quantized = torch._make_per_channel_quantized_tensor(values, scale.double(), zeros, 0)
    packed: torch.ScriptObject = torch.ops.quantized.linear_prepack(quantized, None)
    return packed
