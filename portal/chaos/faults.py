"""The faults. Each does its harm at once and returns when the harm itself is over."""

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import psutil
import redis

from portal.chaos.customers import StayingCustomer
from portal.chaos.machine import Machine

#: A stopped process goes on after so many seconds; a deaf customer listens again.
PAUSE_SECONDS = (2.0, 12.0)
#: How long a kill waits for an answer to be in the middle of.
MID_ANSWER_SECONDS = 20.0


@dataclass
class Scene:
    """What a fault may touch."""

    machine: Machine
    customers: Sequence[StayingCustomer]
    dice: random.Random


@dataclass(frozen=True)
class Harm:
    """What was done, and when: with `hit` False there was nothing there to be harmed."""

    hit: bool
    mid_answers: int = 0
    seconds: float = 0.0
    at: float = field(default_factory=time.monotonic)


Fault = Callable[[Scene], Awaitable[Harm]]


def _kill(name: str) -> Fault:
    async def fault(scene: Scene) -> Harm:
        return Harm(await asyncio.to_thread(scene.machine.signal, name, signal.SIGKILL))

    return fault


async def kill_model_worker(scene: Scene) -> Harm:
    """In mid-answer, where one comes up; at a random moment of it."""
    machine = scene.machine
    deadline = time.monotonic() + MID_ANSWER_SECONDS
    while not await asyncio.to_thread(machine.mid_answers):
        await asyncio.sleep(0.02)
        if time.monotonic() > deadline:
            break
    await asyncio.sleep(scene.dice.uniform(0, 0.3))
    shown = await asyncio.to_thread(machine.mid_answers)
    return Harm(await asyncio.to_thread(machine.signal, "model worker", signal.SIGKILL), shown)


def _stop(name: str) -> Fault:
    async def fault(scene: Scene) -> Harm:
        process = await asyncio.to_thread(scene.machine.process, name)
        if process is None:
            return Harm(False)
        seconds = scene.dice.uniform(*PAUSE_SECONDS)
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGSTOP)
            asyncio.get_running_loop().call_later(seconds, _go_on, process)
        return Harm(True, seconds=round(seconds, 1))

    return fault


def _go_on(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGCONT)


async def restart_postgres(scene: Scene) -> Harm:
    """Immediate mode: no checkpoint, every session cut, recovery from the log."""
    process = await asyncio.to_thread(scene.machine.postgres_server)
    if process is None:
        return Harm(False)
    process.send_signal(signal.SIGQUIT)
    return Harm(True)


async def restart_redis(scene: Scene) -> Harm:
    process = await asyncio.to_thread(scene.machine.redis_server)
    if process is None:
        return Harm(False)
    process.send_signal(scene.dice.choice([signal.SIGKILL, signal.SIGTERM]))
    return Harm(True)


async def flush_redis(scene: Scene) -> Harm:
    """Everything: wake-ups, text on its way, announcements."""
    try:
        await asyncio.to_thread(scene.machine.stream_client().flushall)
    except redis.RedisError:
        return Harm(False)
    return Harm(True)


async def slow_reader(scene: Scene) -> Harm:
    customer = scene.dice.choice(list(scene.customers))
    seconds = scene.dice.uniform(*PAUSE_SECONDS)
    customer.deaf_until = time.monotonic() + seconds
    return Harm(True, seconds=round(seconds, 1))


async def cut_sockets(scene: Scene) -> Harm:
    for customer in scene.customers:
        customer.cut()
    return Harm(True, sum(customer.in_mid_answer for customer in scene.customers))


FAULTS: dict[str, Fault] = {
    "kill model-worker": kill_model_worker,
    "kill default-worker": _kill("default worker"),
    "kill beat": _kill("beat"),
    "kill web": _kill("web"),
    "stop model-worker": _stop("model worker"),
    "stop default-worker": _stop("default worker"),
    "restart postgres": restart_postgres,
    "restart redis": restart_redis,
    "flush redis": flush_redis,
    "slow reader": slow_reader,
    "cut sockets": cut_sockets,
}


def schedule(count: int, only: Sequence[str], dice: random.Random) -> list[str]:
    """Which faults, in which order: every kind equally often, shuffled. ValueError: unknown."""
    kinds = [name for name in FAULTS if not only or name in only or name.split(" ")[1] in only]
    unknown = [
        name for name in only if name not in FAULTS and not any(name in kind for kind in kinds)
    ]
    if unknown or not kinds:
        raise ValueError(f"No fault {', '.join(unknown)}. There are: {', '.join(FAULTS)}.")
    rounds = -(-count // len(kinds))
    chosen = [name for _ in range(rounds) for name in dice.sample(kinds, len(kinds))]
    return chosen[:count]
