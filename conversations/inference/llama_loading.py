"""Loads a Llama for the engine: device, quantization and the space that its cache may take."""

import logging
from dataclasses import dataclass

import torch
from safetensors import SafetensorError
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from conversations.inference.backend import BackendUnavailable
from conversations.inference.llama_layers import Layers, as_loaded, in_int8
from conversations.inference.model_shape import Quantization
from conversations.inference.weights import ModelSource, checked_folder

logger = logging.getLogger("portal.inference")


@dataclass(frozen=True)
class LoadedLlama:
    model: LlamaForCausalLM
    layers: Layers
    tokenizer: PreTrainedTokenizerBase


def load(source: ModelSource, *, device: str, quantization: Quantization) -> LoadedLlama:
    """The model in memory. Raises BackendUnavailable with a reason an operator understands."""
    if source.folder:
        checked_folder(source.folder)
    transformers_logging.disable_progress_bar()
    # Measured on the CPU: bf16 matrices are slower than float32 ones, at every batch size.
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    place = {"revision": source.revision} if source.revision and not source.folder else {}
    try:
        tokenizer = AutoTokenizer.from_pretrained(source.location, **place)
        model = AutoModelForCausalLM.from_pretrained(
            source.location,
            dtype=dtype,
            device_map={"": device},
            quantization_config=_quantized(quantization, device),
            **place,
        )
    except torch.cuda.OutOfMemoryError as exc:
        raise BackendUnavailable(f"{source.name} does not fit into the GPU's memory.") from exc
    except (OSError, ValueError, RuntimeError, ImportError, SafetensorError) as exc:
        raise BackendUnavailable(_reason(source, exc)) from exc
    if not isinstance(model, LlamaForCausalLM):
        raise BackendUnavailable(f"{source.name} is a {type(model).__name__}, not a Llama.")
    model.eval()
    ours = quantization == "int8" and device == "cpu"
    layers = in_int8(model) if ours else as_loaded(model)
    return LoadedLlama(model, layers, tokenizer)


def _quantized(quantization: Quantization, device: str) -> BitsAndBytesConfig | None:
    """What bitsandbytes is to make of the weights. On a CPU int8 is our own (llama_layers)."""
    if quantization == "nf4":
        return _nf4()
    if quantization == "int8" and device != "cpu":
        return BitsAndBytesConfig(load_in_8bit=True)
    return None


def _nf4() -> BitsAndBytesConfig:
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def _reason(source: ModelSource, exc: Exception) -> str:
    if source.folder:
        return (
            f"The model {source.name} cannot be loaded ({type(exc).__name__}): its files are "
            "incomplete, or of another kind."
        )
    return (
        f"The model {source.name} cannot be fetched or loaded ({type(exc).__name__}); is the hub "
        "reachable and its licence accepted? A local folder works without a hub."
    )
