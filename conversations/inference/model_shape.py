"""The figures of a Llama that decide what it needs: read from its config.json. Pure, no torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Quantization = Literal["nf4", "int8", "none"]

#: Bits that a weight of a layer's matrices takes. NF4 with double quantization: 4, one 8-bit scale
#: for 64 weights, and a 32-bit scale for 256 of those (QLoRA, arXiv:2305.14314, section 3).
NF4_BITS = 4 + 8 / 64 + 32 / (64 * 256)
#: Embedding and head stay in 16 bits beside quantized layers; cache entries are bf16 everywhere.
HALF = 2


@dataclass(frozen=True, kw_only=True)
class ModelShape:
    layers: int
    hidden: int
    feed_forward: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool

    @property
    def layer_parameters(self) -> int:
        """Parameters of all layers' matrices: those that are quantized."""
        attention = self.hidden * self.head_dim * (2 * self.heads + 2 * self.kv_heads)
        return self.layers * (attention + 3 * self.hidden * self.feed_forward)

    @property
    def table_parameters(self) -> int:
        """Parameters of the embedding, and of the head where it is not the same table."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2)

    @property
    def parameters(self) -> int:
        return self.layer_parameters + self.table_parameters

    def weight_bytes(self, quantization: Quantization, *, device: str = "cuda") -> int:
        """Bytes of the weights in memory. On a CPU unquantized weights are float32."""
        plain = HALF if device.startswith("cuda") else 2 * HALF
        bits = {"nf4": NF4_BITS, "int8": 8.0, "none": 8.0 * plain}[quantization]
        tables = HALF if quantization != "none" else plain
        return round(self.layer_parameters * bits / 8) + self.table_parameters * tables

    @property
    def cache_bytes_per_token(self) -> int:
        return self.layers * 2 * self.kv_heads * self.head_dim * HALF


LLAMA_31_8B = ModelShape(
    layers=32, hidden=4096, feed_forward=14336, heads=32, kv_heads=8, head_dim=128,
    vocabulary=128256, tied=False,
)  # fmt: skip
SMOLLM2_135M = ModelShape(
    layers=30, hidden=576, feed_forward=1536, heads=9, kv_heads=3, head_dim=64,
    vocabulary=49152, tied=True,
)  # fmt: skip
#: Shapes of the models that Portal names, so that a plan needs no download.
KNOWN = {
    "meta-llama/Llama-3.1-8B-Instruct": LLAMA_31_8B,
    "smollm2-135m-instruct": SMOLLM2_135M,
}


def shape_from(config: Mapping[str, Any]) -> ModelShape:
    """From a transformers config. Raises ValueError where a figure is missing."""
    try:
        heads, hidden = int(config["num_attention_heads"]), int(config["hidden_size"])
        return ModelShape(
            layers=int(config["num_hidden_layers"]),
            hidden=hidden,
            feed_forward=int(config["intermediate_size"]),
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_dim=int(config.get("head_dim") or hidden // heads),
            vocabulary=int(config["vocab_size"]),
            tied=bool(config.get("tie_word_embeddings", False)),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise ValueError(f"The model's config.json lacks a figure ({exc}).") from None


def shape_of(location: str) -> ModelShape | None:
    """The shape of a local folder's model or of a known name; None where it cannot be told."""
    file = Path(location) / "config.json"
    if file.is_file():
        return shape_from(json.loads(file.read_text(encoding="utf-8")))
    return KNOWN.get(location)
