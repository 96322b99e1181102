"""Builders of the Llama rungs: settings to a loaded backend."""

import os
from typing import cast, get_args

import torch

from conversations.inference.backend import BackendUnavailable
from conversations.inference.llama_loading import Quantization
from conversations.inference.llama_transformers import LlamaBackend, LlamaSettings
from conversations.inference.registry import InferenceConfig
from conversations.inference.weights import ModelSource, default_folder

CPU_SLOTS = 64
GPU_SLOTS = 64
#: Prompt tokens computed in a step beside the writing ones. More makes prompts cheaper and the
#: others' next token later.
CPU_STEP_TOKENS = 256
GPU_STEP_TOKENS = 2_048


def cpu(config: InferenceConfig) -> LlamaBackend:
    """The small Llama on the CPU."""
    return LlamaBackend(cpu_settings(config))


def cpu_settings(config: InferenceConfig) -> LlamaSettings:
    """int8 by default: measured to be the fastest on a CPU, and closer to the model than NF4."""
    return LlamaSettings(
        name="cpu",
        source=ModelSource(config.cpu_model or str(default_folder(config.var))),
        device="cpu",
        quantization=_quantization(config.cpu_quantization, default="int8"),
        threads=config.model_threads or max(1, (os.cpu_count() or 2) - 1),
        slots=config.model_slots or CPU_SLOTS,
        context=config.model_context,
        step_tokens=CPU_STEP_TOKENS,
        prefix_bytes=config.prefix_cache_mb << 20,
    )


def gpu(config: InferenceConfig) -> LlamaBackend:
    """The large Llama on the first GPU; NF4 by default."""
    if not torch.cuda.is_available():
        raise BackendUnavailable(
            "The gpu rung needs a CUDA device and the CUDA build of torch; this machine has none."
        )
    return LlamaBackend(
        LlamaSettings(
            name="gpu",
            source=ModelSource(config.gpu_model, config.gpu_model_revision),
            device="cuda:0",
            quantization=_quantization(config.gpu_quantization, default="nf4"),
            threads=1,
            slots=config.model_slots or GPU_SLOTS,
            context=config.model_context,
            step_tokens=GPU_STEP_TOKENS,
            prefix_bytes=config.prefix_cache_mb << 20,
        )
    )


def _quantization(wanted: str, *, default: Quantization) -> Quantization:
    if wanted == "auto":
        return default
    if wanted not in get_args(Quantization):
        raise BackendUnavailable(
            f"Quantization {wanted!r} is unknown; use auto, nf4, int8 or none."
        )
    return cast(Quantization, wanted)
