"""Where a model goes and what fits beside it: device, slots and prefix cache. Pure, no torch.

Memory is shared out in this order: the weights, room to compute, the prefix cache, and the rest in
slots of one context each. A model that does not fit is refused with the figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from conversations.inference.backend import BackendUnavailable
from conversations.inference.model_shape import ModelShape, Quantization

GIB = 1 << 30
MIB = 1 << 20
#: What the CUDA context and the libraries' own buffers take, before a tensor is there.
CONTEXT_BYTES = 700 * MIB
#: A step's widest tensors at once: two feed-forward halves, their product, and the attention's.
WIDE_TENSORS = 4
MOST_SLOTS = 256
#: Of what is left beside weights, the prefix cache takes this share at most.
PREFIX_SHARE = 0.25


@dataclass(frozen=True)
class Device:
    """A GPU, as its driver reports it."""

    index: int
    name: str
    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the settings ask for. `slots` 0: as many as fit. `share`: of the free memory."""

    model: str
    quantization: Quantization
    context: int
    step_tokens: int
    slots: int = 0
    prefix_bytes: int = 512 * MIB
    share: float = 0.9
    least_context: int = 1024


@dataclass(frozen=True, kw_only=True)
class Placement:
    """What goes where. The bytes add up to no more than what was offered."""

    device: str
    quantization: Quantization
    slots: int
    context: int
    weight_bytes: int
    work_bytes: int
    prefix_bytes: int
    cache_bytes: int

    @property
    def total_bytes(self) -> int:
        return self.weight_bytes + self.work_bytes + self.prefix_bytes + self.cache_bytes

    @property
    def line(self) -> str:
        """For operators: what was decided."""
        return (
            f"{self.device}, {self.quantization}, {self.slots} slots of {self.context} tokens, "
            f"weights {gib(self.weight_bytes)}, cache {gib(self.cache_bytes + self.prefix_bytes)}"
        )


def gib(size: float) -> str:
    return f"{size / GIB:.1f} GiB"


def choose_device(devices: Sequence[Device], wanted: str) -> Device:
    """The device that a setting names ("auto": the one with the most free memory).

    Raises BackendUnavailable.
    """
    if not devices:
        raise BackendUnavailable(
            "The gpu rung needs a CUDA device and the CUDA build of torch; this machine has none."
        )
    if wanted == "auto":
        return max(devices, key=lambda device: (device.free_bytes, -device.index))
    for device in devices:
        if wanted in {str(device.index), f"cuda:{device.index}"}:
            return device
    there = ", ".join(f"{device.index} ({device.name})" for device in devices)
    raise BackendUnavailable(f"PORTAL_GPU_DEVICE is {wanted!r}; this machine has {there}.")


def place(shape: ModelShape, wanted: Wanted, device: Device) -> Placement:
    """Share out a device's free memory. Raises BackendUnavailable with the figures."""
    offered = int(device.free_bytes * wanted.share)
    weights = shape.weight_bytes(wanted.quantization)
    work = CONTEXT_BYTES + _work_bytes(shape, wanted)
    left = offered - weights - work
    context = wanted.context
    while context > wanted.least_context and left < context * shape.cache_bytes_per_token:
        context //= 2
    slot_bytes = context * shape.cache_bytes_per_token
    least = max(1, wanted.slots)
    if left < least * slot_bytes:
        raise BackendUnavailable(_refusal(wanted, device, weights, work, least, slot_bytes))
    spare = left - least * slot_bytes
    prefix = min(wanted.prefix_bytes, int(left * PREFIX_SHARE), spare)
    slots = wanted.slots or min(MOST_SLOTS, (left - prefix) // slot_bytes)
    return Placement(
        device=f"cuda:{device.index}",
        quantization=wanted.quantization,
        slots=slots,
        context=context,
        weight_bytes=weights,
        work_bytes=work,
        prefix_bytes=prefix,
        cache_bytes=slots * slot_bytes,
    )


def _work_bytes(shape: ModelShape, wanted: Wanted) -> int:
    """Room for one step: its widest tensors, and a row of scores for each reply."""
    width = max(2 * shape.feed_forward, shape.head_dim * (shape.heads + 2 * shape.kv_heads))
    rows = wanted.step_tokens + (wanted.slots or MOST_SLOTS)
    scores = (wanted.slots or MOST_SLOTS) * shape.vocabulary * 4
    return rows * width * 2 * WIDE_TENSORS + scores


def _refusal(
    wanted: Wanted, device: Device, weights: int, work: int, slots: int, slot_bytes: int
) -> str:
    need = weights + work + slots * slot_bytes
    ways = ["a smaller model", "another device (PORTAL_GPU_DEVICE)"]
    if wanted.quantization != "nf4":
        ways.append("PORTAL_GPU_QUANTIZATION=nf4")
    if wanted.slots > 1:
        ways.append("fewer PORTAL_MODEL_SLOTS")
    if slot_bytes and wanted.context > wanted.least_context:
        ways.append("a smaller PORTAL_MODEL_CONTEXT")
    return (
        f"{wanted.model} in {wanted.quantization} does not fit on {device.name} "
        f"(cuda:{device.index}): it needs {gib(need)} ({gib(weights)} weights, {gib(work)} to "
        f"compute, {slots} x {gib(slot_bytes)} a reply), and {gib(device.free_bytes)} of "
        f"{gib(device.total_bytes)} are free, of which it may take {wanted.share:.0%}. "
        f"Use {', '.join(ways)}."
    )
