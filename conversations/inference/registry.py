"""Which rung this process serves, and its backend, loaded by dotted path.

Importing this module loads no model library: the web process may ask for the tier; only a process
that calls `build_backend` pays for torch.
"""

import ctypes
import logging
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Protocol

from conversations.inference.backend import BackendUnavailable, GenerationBackend

logger = logging.getLogger("portal.inference")

#: rung -> its builder. A builder takes the settings and returns a loaded backend, or raises
#: BackendUnavailable.
BUILDERS = {
    "gpu": "conversations.inference.llama_rungs.gpu",
    "cpu": "conversations.inference.llama_rungs.cpu",
    "scripted": "conversations.inference.scripted.build",
}


class InferenceConfig(Protocol):
    """The settings that rungs read (portal.conf.Config has them)."""

    @property
    def var(self) -> Path: ...
    @property
    def tier(self) -> str: ...
    @property
    def gpu_model(self) -> str: ...
    @property
    def gpu_model_revision(self) -> str: ...
    @property
    def gpu_quantization(self) -> str: ...
    @property
    def hub(self) -> str: ...
    @property
    def hub_token(self) -> str: ...
    @property
    def gpu_device(self) -> str: ...
    @property
    def gpu_memory_share(self) -> float: ...
    @property
    def cpu_model(self) -> str: ...
    @property
    def cpu_quantization(self) -> str: ...
    @property
    def model_threads(self) -> int: ...
    @property
    def model_slots(self) -> int: ...
    @property
    def model_context(self) -> int: ...
    @property
    def prefix_cache_mb(self) -> int: ...


def choose_tier(config: InferenceConfig) -> str:
    """The rung that a model worker of this machine serves, before anything is loaded."""
    if config.tier != "auto":
        if config.tier not in BUILDERS:
            raise BackendUnavailable(
                f"PORTAL_TIER is {config.tier!r}; use auto, {', '.join(BUILDERS)}."
            )
        return config.tier
    return "gpu" if cuda_devices() else "cpu"


def build_backend(config: InferenceConfig) -> GenerationBackend:
    """Load the model of this machine's rung; the backend's `name` says which it became.

    With PORTAL_TIER=auto a GPU whose model cannot be loaded falls to the cpu rung, with the reason
    in the log. Otherwise BackendUnavailable goes through to the caller, who serves without a model.
    """
    tier = choose_tier(config)
    try:
        return _builder(tier)(config)
    except BackendUnavailable as exc:
        if not (tier == "gpu" and config.tier == "auto"):
            raise
        logger.warning("the gpu rung is not available, the cpu rung serves: %s", exc.reason)
        return _builder("cpu")(config)


def _builder(tier: str) -> Callable[[InferenceConfig], GenerationBackend]:
    # OpenMP reads this once, when torch is loaded. By default its threads spin for each other, and
    # a thread that lost its core to another process holds up all: on two cores with one busy
    # neighbour a step took 380 ms instead of 27 (docs/performance/inference.md).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    module, _, name = BUILDERS[tier].rpartition(".")
    try:
        build: Callable[[InferenceConfig], GenerationBackend] = getattr(import_module(module), name)
    except ImportError as exc:
        raise BackendUnavailable(
            f"The {tier} rung needs a library that is not installed ({exc.name}); run "
            "`pip install -r requirements.txt`."
        ) from exc
    return build


def cuda_devices() -> int:
    """How many GPUs the driver reports; 0 without a driver. Asks the driver, not torch.

    Do not fork after this where a GPU is present: the driver does not survive it. Portal spawns.
    """
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value
