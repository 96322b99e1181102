"""The load test: many customers at once on a running portal, and what they saw."""

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from conversations.benchmarks.client import Customer, Exchange
from conversations.benchmarks.processes import cpu_seconds, per_question

#: A reply that has not come after this many seconds is lost.
PATIENCE = 130.0
#: A reload comes after 1 to so many frames of an exchange: from "accepted" to late in the text.
RELOAD_WITHIN_FRAMES = 8
MOST_SAMPLES = 500


@dataclass(frozen=True)
class Plan:
    url: str
    conversations: int
    seconds: float
    think: float
    questions: tuple[str, ...]
    seed: int = 1
    reloads: int = 0


async def run(plan: Plan, progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Drive the portal and return the report of docs/performance (see the command's contract).

    Each customer waits a uniform share of `think` before its first question, then about `think`
    seconds between a reply and the next question, as people do.
    """
    customers = [Customer(plan.url) for _ in range(plan.conversations)]
    gate = asyncio.Semaphore(20)
    await asyncio.gather(*(_open(customer, gate) for customer in customers))
    before = await asyncio.to_thread(cpu_seconds, plan.url)
    started = time.perf_counter()
    tasks = [
        asyncio.create_task(_converse(customer, plan, started, random.Random(plan.seed + number)))
        for number, customer in enumerate(customers)
    ]
    while not all(task.done() for task in tasks):
        await asyncio.sleep(1)
        asked = sum(len(customer.exchanges) for customer in customers)
        progress(asked, round(time.perf_counter() - started))
    await asyncio.gather(*tasks)
    await asyncio.gather(*(customer.close() for customer in customers))
    after = await asyncio.to_thread(cpu_seconds, plan.url)
    found = report(plan, customers)
    found["cpu_ms_per_question"] = per_question(before, after, found["questions"])
    return found


async def _open(customer: Customer, gate: asyncio.Semaphore) -> None:
    async with gate:
        await customer.open()


async def _converse(customer: Customer, plan: Plan, started: float, dice: random.Random) -> None:
    """Ask until the time is over, or until this customer's share of the reloads is done."""
    share = -(-plan.reloads // plan.conversations)
    await asyncio.sleep(dice.uniform(0, min(plan.think, plan.seconds / 2)))
    while customer.reloads < share or (not share and time.perf_counter() - started < plan.seconds):
        exchange = await customer.ask(
            dice.choice(plan.questions),
            timeout=PATIENCE,
            reload_at=dice.randint(1, RELOAD_WITHIN_FRAMES) if share else None,
        )
        if exchange.done_ms is None:
            return
        await asyncio.sleep(plan.think * dice.uniform(0.5, 1.5))


def report(plan: Plan, customers: Sequence[Customer]) -> dict[str, Any]:
    exchanges = [exchange for customer in customers for exchange in customer.exchanges]
    done = [exchange for exchange in exchanges if exchange.done_ms is not None]
    tallies = [customer.tally for customer in customers]
    return {
        "conversations": plan.conversations,
        "think": plan.think,
        "reloads": sum(customer.reloads for customer in customers),
        "questions": len(exchanges),
        "replies": len(done),
        "lost": len(exchanges) - len(done) + sum(tally.mismatched for tally in tallies),
        "duplicated": sum(tally.duplicated for tally in tallies),
        "out_of_order": sum(tally.out_of_order for tally in tallies),
        "errors": dict(Counter(error for tally in tallies for error in tally.errors)),
        "first_frame_ms": percentiles([exchange.first_frame_ms for exchange in done]),
        "accepted_ms": percentiles([exchange.accepted_ms for exchange in done]),
        "first_token_ms": percentiles([exchange.first_token_ms for exchange in done]),
        "done_ms": percentiles([exchange.done_ms for exchange in done]),
        "tiers": dict(Counter(exchange.tier for exchange in done)),
        "first_token_ms_by_tier": {
            tier: percentiles([item.first_token_ms for item in done if item.tier == tier])
            for tier in sorted({item.tier for item in done})
        },
        "decisions": dict(Counter(exchange.decision for exchange in done)),
        "median_turn": median_turn(done),
        "service_ms": service_times(done),
    }


def service_times(done: Sequence[Exchange]) -> dict[str, list[tuple[float, float]]]:
    """For each rung, how long a worker had a turn: until its first text, and until its end. What
    `simulate_capacity` begins from."""
    found: dict[str, list[tuple[float, float]]] = {}
    for exchange in done:
        times = exchange.timings
        if {"claimed_ms", "first_token_ms", "done_ms"} <= times.keys():
            claimed = times["claimed_ms"]
            pair = (times["first_token_ms"] - claimed, times["done_ms"] - claimed)
            found.setdefault(exchange.tier, []).append((round(pair[0], 1), round(pair[1], 1)))
    return {tier: pairs[:MOST_SAMPLES] for tier, pairs in found.items()}


def percentiles(values: Sequence[float | None]) -> dict[str, float | None]:
    """p50, p95 and p99 by the nearest rank, in milliseconds; None without values."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return {"p50": None, "p95": None, "p99": None}
    return {
        f"p{share}": round(known[min(len(known) - 1, -(-len(known) * share // 100) - 1)], 1)
        for share in (50, 95, 99)
    }


def median_turn(done: Sequence[Exchange]) -> dict[str, float]:
    """The server's own timing record, step by step, each the median over the turns that have it."""
    steps: dict[str, list[float]] = {}
    for exchange in done:
        for step, value in exchange.timings.items():
            steps.setdefault(step, []).append(value)
    return {step: round(statistics.median(values), 1) for step, values in steps.items()}
