"""Builders of the Llama rungs: settings to a loaded backend."""

import os
from collections.abc import Sequence
from typing import cast, get_args

import torch

from conversations.inference.backend import BackendUnavailable
from conversations.inference.llama_int8 import int8_pays
from conversations.inference.llama_transformers import LlamaBackend, LlamaSettings
from conversations.inference.model_shape import ModelShape, Quantization, shape_of
from conversations.inference.placement import Device, Wanted, choose_device, place
from conversations.inference.registry import InferenceConfig
from conversations.inference.weights import ModelSource, default_folder
from conversations.inference.weights_hub import Hub, fetch

CPU_SLOTS = 64
#: Prompt tokens computed in a step beside the writing ones. More makes prompts cheaper and the
#: others' next token later.
CPU_STEP_TOKENS = 256
GPU_STEP_TOKENS = 2_048


def cpu(config: InferenceConfig) -> LlamaBackend:
    """The small Llama on the CPU."""
    return LlamaBackend(cpu_settings(config))


def cpu_settings(config: InferenceConfig) -> LlamaSettings:
    """int8 by default, closer to the model than NF4; unquantized where this processor is no
    slower with it, which is measured here."""
    return LlamaSettings(
        name="cpu",
        source=ModelSource(config.cpu_model or str(default_folder(config.var))),
        device="cpu",
        quantization=_quantization(
            config.cpu_quantization, default="int8" if int8_pays() else "none"
        ),
        threads=config.model_threads or max(1, (os.cpu_count() or 2) - 1),
        slots=config.model_slots or CPU_SLOTS,
        context=config.model_context,
        step_tokens=CPU_STEP_TOKENS,
        prefix_bytes=config.prefix_cache_mb << 20,
    )


def gpu(config: InferenceConfig) -> LlamaBackend:
    """The large Llama on a GPU; NF4 by default. Free memory decides what fits beside it."""
    return LlamaBackend(gpu_settings(config, cuda_memory()))


def gpu_settings(config: InferenceConfig, devices: Sequence[Device]) -> LlamaSettings:
    """How the model is run on one of these devices. Raises BackendUnavailable with the figures."""
    device = choose_device(devices, config.gpu_device)
    source = gpu_source(config)
    quantization = _quantization(config.gpu_quantization, default="nf4")
    wanted = Wanted(
        model=source.name,
        quantization=quantization,
        context=config.model_context,
        step_tokens=GPU_STEP_TOKENS,
        slots=config.model_slots,
        prefix_bytes=config.prefix_cache_mb << 20,
        share=config.gpu_memory_share,
    )
    placed = place(_shape(source), wanted, device)
    return LlamaSettings(
        name="gpu",
        source=source,
        device=placed.device,
        quantization=quantization,
        threads=1,
        slots=placed.slots,
        context=placed.context,
        step_tokens=GPU_STEP_TOKENS,
        prefix_bytes=placed.prefix_bytes,
        placement=placed.line,
    )


def cuda_memory() -> list[Device]:
    """The devices that torch sees, with what is free on each now."""
    if not torch.cuda.is_available():
        return []
    found = []
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        found.append(Device(index, torch.cuda.get_device_name(index), free, total))
    return found


def _shape(source: ModelSource) -> ModelShape:
    """From the folder's figures. Raises BackendUnavailable."""
    try:
        found = shape_of(source.location)
    except (OSError, ValueError) as exc:
        raise BackendUnavailable(f"The model {source.name}: {exc}") from exc
    if found is None:
        raise BackendUnavailable(f"The folder {source.name} holds no model (no config.json).")
    return found


def gpu_source(config: InferenceConfig, *, progress: bool = False) -> ModelSource:
    """The gpu model's folder, fetched from the hub where it is not there yet."""
    given = ModelSource(config.gpu_model, config.gpu_model_revision)
    if given.folder is not None:
        return given
    hub = Hub(config.hub.rstrip("/"), config.hub_token)
    folder = fetch(hub, given.location, given.revision, config.var, progress=progress)
    return ModelSource(str(folder))


def _quantization(wanted: str, *, default: Quantization) -> Quantization:
    if wanted == "auto":
        return default
    if wanted not in get_args(Quantization):
        raise BackendUnavailable(
            f"Quantization {wanted!r} is unknown; use auto, nf4, int8 or none."
        )
    return cast(Quantization, wanted)
