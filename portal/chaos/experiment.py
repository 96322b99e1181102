"""One run: load, faults at random moments, and the count."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

from conversations.benchmarks.client import PortalUnreachable
from conversations.benchmarks.loadtest import percentiles
from portal.chaos.customers import Audit, StayingCustomer
from portal.chaos.faults import FAULTS, Scene
from portal.chaos.machine import Machine, Unended

#: A turn has ended after this, whatever happened: its deadline and the sweeper's round.
PATIENCE = 140.0
RECOVERY_PATIENCE = 60.0
BETWEEN_SECONDS = (0.5, 3.0)
SETTLE_SECONDS = 30.0
MOST_QUESTIONS = 3  # of one conversation: the assistant answers best while it is short


@dataclass(frozen=True)
class Plan:
    faults: tuple[str, ...]
    questions: int
    conversations: int
    think: float
    texts: tuple[str, ...]
    seed: int
    overlap: bool = False
    seconds: float = 0.0


@dataclass
class Injected:
    """One fault and how long a new customer waited for the first text from its moment on."""

    name: str
    at: float
    hit: bool
    mid_answers: int
    seconds: float
    recovery_s: float | None


@dataclass
class Run:
    """What is collected on the way."""

    injected: list[Injected] = field(default_factory=list)
    customers: list[StayingCustomer] = field(default_factory=list)
    present: dict[int, StayingCustomer] = field(default_factory=dict)
    asked: int = 0
    probes: list[StayingCustomer] = field(default_factory=list)
    over: bool = False


async def experiment(plan: Plan, machine: Machine, say: Callable[[str], object]) -> dict[str, Any]:
    """Ask until all faults are done and all questions asked, then audit. Returns the report."""
    dice = random.Random(plan.seed)
    await _whole(machine)
    run, began, since = Run(), time.monotonic(), datetime.now(UTC)
    talking = [
        asyncio.create_task(_talk(place, machine.url, plan, run))
        for place in range(plan.conversations)
    ]
    for number, name in enumerate(plan.faults, start=1):
        await asyncio.sleep(dice.uniform(*BETWEEN_SECONDS))
        if plan.seconds and time.monotonic() - began > plan.seconds:
            break
        injected = await _inject(
            name, Scene(machine, list(run.present.values()), dice), plan, run, began
        )
        run.injected.append(injected)
        machine.require_alive()
        say(f"{number:3d}/{len(plan.faults)}  {_line(injected)}")
    run.over = True
    await asyncio.gather(*talking)
    await _settle(machine, since)
    everybody = [*run.customers, *run.probes]
    audits = [await customer.audit() for customer in everybody]
    unended = await asyncio.to_thread(machine.unended, since)
    return report(plan, run, everybody, audits, unended, time.monotonic() - began)


async def _talk(place: int, url: str, plan: Plan, run: Run) -> None:
    """One customer after the other, each with a few questions, until all is done."""
    dice = random.Random(plan.seed * 1_000 + place)
    while not run.over or run.asked < plan.questions:
        customer = run.present[place] = StayingCustomer(url, dice)
        run.customers.append(customer)
        await customer.open()
        for _ in range(dice.randint(1, MOST_QUESTIONS)):
            run.asked += 1
            await customer.ask(dice.choice(plan.texts), timeout=PATIENCE)
            await asyncio.sleep(plan.think * dice.uniform(0.5, 1.5))
        await customer.close()


async def _inject(name: str, scene: Scene, plan: Plan, run: Run, began: float) -> Injected:
    if not plan.overlap and "worker" in name:
        await _whole(scene.machine)
    harm = await FAULTS[name](scene)
    probe = StayingCustomer(scene.machine.url, scene.dice)
    run.probes.append(probe)
    recovery = None
    try:
        await probe.open(patience=RECOVERY_PATIENCE)
        asked = time.monotonic()
        exchange = await probe.ask(scene.dice.choice(plan.texts), timeout=PATIENCE)
        if exchange.first_token_ms is not None:
            recovery = round(asked - harm.at + exchange.first_token_ms / 1000, 2)
    except PortalUnreachable:
        run.probes.remove(probe)
    await probe.close()
    return Injected(
        name, round(harm.at - began, 1), harm.hit, harm.mid_answers, harm.seconds, recovery
    )


async def _whole(machine: Machine) -> None:
    """Never take away both workers: nobody could answer then until one has started."""
    deadline = time.monotonic() + RECOVERY_PATIENCE
    while not await asyncio.to_thread(machine.is_whole):
        await asyncio.sleep(0.2)
        if time.monotonic() > deadline:
            return


async def _settle(machine: Machine, since: datetime) -> None:
    """Stopped processes go on, and the record comes to rest."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        try:
            if not (await asyncio.to_thread(machine.unended, since)).live:
                return
        except psycopg.Error:
            pass
        await asyncio.sleep(0.5)


def _line(injected: Injected) -> str:
    what = f"{injected.name} at {injected.at:.1f} s"
    if not injected.hit:
        what += " (nothing there to harm)"
    if injected.mid_answers:
        what += f", {injected.mid_answers} in mid-answer"
    if injected.seconds:
        what += f", for {injected.seconds:.1f} s"
    if injected.recovery_s is None:
        return f"{what}: NO ANSWER to a new customer"
    return f"{what}: a new customer has text after {injected.recovery_s:.2f} s"


def report(
    plan: Plan,
    run: Run,
    everybody: Sequence[StayingCustomer],
    audits: Sequence[Audit],
    unended: Unended,
    seconds: float,
) -> dict[str, Any]:
    exchanges = [exchange for customer in everybody for exchange in customer.exchanges]
    done = [exchange for exchange in exchanges if exchange.done_ms is not None]
    tallies = [customer.tally for customer in everybody]
    return {
        "seed": plan.seed,
        "seconds": round(seconds),
        "faults": len(run.injected),
        "faults_by_kind": dict(Counter(item.name for item in run.injected)),
        "faults_in_mid_answer": sum(item.mid_answers > 0 for item in run.injected),
        "mid_answers_hit": sum(item.mid_answers for item in run.injected),
        "questions": len(exchanges),
        "replies": len(done),
        "lost": sum(audit.lost for audit in audits),
        "doubled": sum(audit.doubled for audit in audits) + unended.doubled,
        "out_of_order": sum(audit.out_of_order for audit in audits)
        + sum(tally.out_of_order for tally in tallies)
        + unended.gaps,
        "text_taken_back": sum(tally.mismatched for tally in tallies)
        + sum(audit.changed for audit in audits),
        "turns_not_ended": unended.live + unended.silent,
        "turns_late": unended.late,
        "errors": dict(Counter(error for tally in tallies for error in tally.errors)),
        "reconnects": sum(customer.reconnects for customer in everybody),
        "recovery_s": {
            "worst": max(
                (item.recovery_s or RECOVERY_PATIENCE for item in run.injected), default=0
            ),
            "by_kind": {
                name: max(
                    item.recovery_s or RECOVERY_PATIENCE
                    for item in run.injected
                    if item.name == name
                )
                for name in dict.fromkeys(item.name for item in run.injected)
            },
        },
        "first_token_ms": percentiles([exchange.first_token_ms for exchange in done]),
        "done_ms": percentiles([exchange.done_ms for exchange in done]),
        "tiers": dict(Counter(exchange.tier for exchange in done)),
        "decisions": dict(Counter(exchange.decision for exchange in done)),
        "injected": [asdict(item) for item in run.injected],
    }


#: What must be nothing, and the longest recovery.
NOTHING = ("lost", "doubled", "out_of_order", "text_taken_back", "turns_not_ended", "turns_late")
MOST_RECOVERY_SECONDS = 10.0


def broken_promises(found: dict[str, Any]) -> list[str]:
    """What the run did not keep, in words; empty: all of it was kept."""
    broken = [f"{name.replace('_', ' ')}: {found[name]}" for name in NOTHING if found[name]]
    worst = found["recovery_s"]["worst"]
    if worst > MOST_RECOVERY_SECONDS:
        broken.append(f"recovery took {worst:.1f} s, {MOST_RECOVERY_SECONDS:.0f} s are promised")
    return broken
