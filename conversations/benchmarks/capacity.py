"""How many workers a load needs: a roofline model of the engine's steps. Computed, not measured.

A step takes as long as the slower of its memory traffic and its arithmetic, each at a stated part
of what the data sheet promises, and a launch for each layer. Replies are written together, so a
step's cost is shared; prompts are computed in chunks beside them.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, Protocol

from conversations.inference.model_shape import ModelShape, Quantization

#: Parts of the data sheet's bandwidth and arithmetic that real kernels reach; stated, not measured.
MEMORY_EFFICIENCY, COMPUTE_EFFICIENCY = 0.6, 0.4
#: Seconds to launch one layer's kernels from Python, and of the step around them.
LAUNCH_SECONDS, STEP_SECONDS = 120e-6, 2e-3
#: What a turn spends outside of the model: socket, search, decision (docs/performance/load.md).
AROUND_SECONDS = 0.10
MOST_WORKERS = 10_000
#: No plan runs a worker busier than this: beyond it waits grow faster than load.
MOST_BUSY = 0.8


class Engine(Protocol):
    """What the plan asks of a device: seconds of a step and of a prompt's computation."""

    @property
    def name(self) -> str: ...

    @property
    def slots(self) -> int: ...

    def step_seconds(self, writing: float, context: float) -> float: ...

    def prompt_seconds(self, tokens: float) -> float: ...


@dataclass(frozen=True, kw_only=True)
class Load:
    """What customers do. `model_share` of the questions are written by the model (the rest are
    ready sentences, the cache and quotations); `shared` of a prompt is computed already."""

    conversations: int
    think: float = 20.0
    model_share: float = 1.0
    prompt_tokens: int = 700
    reply_tokens: int = 80
    shared: float = 0.5
    promise: float = 0.5

    @property
    def rate(self) -> float:
        """Questions for the model in a second, if replies took no time: the most there can be."""
        return self.conversations / self.think * self.model_share


@dataclass(frozen=True)
class RooflineEngine:
    """A Llama on a GPU."""

    name: str
    shape: ModelShape
    quantization: Quantization
    bandwidth: float
    flops: float
    slots: int

    def step_seconds(self, writing: float, context: float) -> float:
        traffic = self._weight_traffic() + writing * context * self.shape.cache_bytes_per_token
        return self._slower(traffic, 2 * self.shape.parameters * writing) + self._launches()

    def prompt_seconds(self, tokens: float) -> float:
        return self._slower(self._weight_traffic(), 2 * self.shape.parameters * tokens)

    def _weight_traffic(self) -> float:
        """Bytes that a step moves for the weights. NF4 is unpacked to 16 bits, which are written
        and read again: bitsandbytes does so for more than one row."""
        unpacked = 4 * self.shape.layer_parameters if self.quantization == "nf4" else 0
        return self.shape.weight_bytes(self.quantization) + unpacked

    def _slower(self, traffic: float, operations: float) -> float:
        return max(
            traffic / (self.bandwidth * MEMORY_EFFICIENCY),
            operations / (self.flops * COMPUTE_EFFICIENCY),
        )

    def _launches(self) -> float:
        return self.shape.layers * LAUNCH_SECONDS + STEP_SECONDS


@dataclass(frozen=True)
class MeasuredCpu:
    """The small Llama in int8 on one thread of a 2.3 GHz Xeon with AVX-512 VNNI: the table "One
    forward pass" of docs/performance/inference.md. Between its points: straight lines."""

    name: str = "cpu, one thread (measured)"
    slots: int = 64
    steps: tuple[tuple[float, float], ...] = ((1, 0.025), (16, 0.054), (50, 0.111))
    prompts: tuple[tuple[float, float], ...] = ((32, 0.043), (128, 0.114), (256, 0.248))

    def step_seconds(self, writing: float, context: float) -> float:
        return _between(self.steps, writing)

    def prompt_seconds(self, tokens: float) -> float:
        return _between(self.prompts, tokens)


def _between(points: tuple[tuple[float, float], ...], x: float) -> float:
    """On the straight line through the two points around x, or the nearest two beside it."""
    place = next((i for i in range(1, len(points)) if x <= points[i][0]), len(points) - 1)
    (x0, y0), (x1, y1) = points[place - 1], points[place]
    return max(points[0][1], y0 + (y1 - y0) * (x - x0) / (x1 - x0))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What so many workers do under a load. Times in seconds; `writing` and `busy` of each."""

    engine: str
    workers: int
    slots: int
    writing: float
    busy: float
    step: float
    prompt: float
    first_token_p50: float
    first_token_p95: float
    reply: float
    tokens_per_second: float
    holds: bool
    cost_per_hour: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "engine": self.engine,
            "basis": "measured steps" if "measured" in self.engine else "computed, not measured",
            "workers": self.workers,
            "slots_per_worker": self.slots,
            "writing_at_once_per_worker": round(self.writing, 1),
            "busy": round(self.busy, 2),
            "step_ms": round(self.step * 1000, 1),
            "prompt_ms": round(self.prompt * 1000, 1),
            "first_token_ms": {
                "p50": _ms(self.first_token_p50),
                "p95": _ms(self.first_token_p95),
            },
            "reply_s": round(self.reply, 2),
            "tokens_per_second": round(self.tokens_per_second),
            "promise_holds": self.holds,
            "cost_per_hour": None if self.cost_per_hour is None else round(self.cost_per_hour, 2),
        }


def _ms(seconds: float) -> int | None:
    return round(seconds * 1000) if math.isfinite(seconds) else None


def under(engine: Engine, load: Load, workers: int) -> Plan:
    """What `workers` of an engine do under the load.

    Replies at once follow from Little's law: rate times how long a reply takes, which depends on
    how many are written at once. The share of a worker's time that goes to prompts is `busy`; a
    prompt that arrives waits as in a queue with one server and constant work (M/D/1), of which the
    95th percentile is taken as three times the mean, an exponential tail.
    """
    rate = load.rate / workers
    context = load.prompt_tokens + load.reply_tokens / 2
    prompt = engine.prompt_seconds(load.prompt_tokens * (1 - load.shared))
    busy = rate * prompt
    writing, step, reply = 1.0, 0.0, 0.0
    for _ in range(200):
        step = engine.step_seconds(max(1.0, writing), context)
        # Prompts take their share of the time from those who write.
        reply = load.reply_tokens * step / max(1e-6, 1 - busy)
        following = min(rate * reply, 10.0 * engine.slots)
        if abs(following - writing) < 1e-6:
            break
        writing += 0.5 * (following - writing)
    wait = busy * prompt / (2 * (1 - busy)) if busy < 1 else math.inf
    fits = writing <= engine.slots
    around = AROUND_SECONDS + prompt + 1.5 * step
    p50, p95 = around + wait, around + 3 * wait + step / 2
    if not fits:
        p50 = p95 = math.inf
    return Plan(
        engine=engine.name, workers=workers, slots=engine.slots, writing=writing, busy=busy,
        step=step, prompt=prompt, first_token_p50=p50, first_token_p95=p95, reply=reply,
        tokens_per_second=load.rate * load.reply_tokens,
        holds=fits and busy <= MOST_BUSY and p95 <= load.promise,
    )  # fmt: skip


def plan(engine: Engine, load: Load, *, price: float | None = None) -> Plan:
    """The fewest workers that hold the promise. Where one customer alone waits too long, more
    workers do not help: what that customer would see, with `holds` False."""
    alone = under(engine, replace(load, conversations=1, model_share=1.0), 1)
    if not alone.holds:
        return alone
    low, high = 0, 1
    while not under(engine, load, high).holds and high < MOST_WORKERS:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if under(engine, load, middle).holds else (middle, high)
    best = under(engine, load, high)
    return replace(best, cost_per_hour=None if price is None else price * best.workers)
