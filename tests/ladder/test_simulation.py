"""The simulation against queueing theory, and against threads that really wait for each other."""

import json
import math
import queue
import random
import statistics
import threading
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from conversations.benchmarks.rehearsal import needed, phases, rehearse
from conversations.benchmarks.simulation import Phase, Rule, Service, World, simulate
from conversations.inference.scripted import ScriptedBackend
from tests.inference.conftest import request_for


def erlang_c_wait(rate: float, mean: float, servers: int) -> float:
    """Mean wait of M/M/c."""
    load = rate * mean
    below = sum(load**n / math.factorial(n) for n in range(servers))
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (below + last) * mean / (servers - load)


def finite_source_wait(customers: int, think: float, mean: float, servers: int) -> float:
    """Mean wait where each of a few customers thinks, then asks (the machine repairman)."""
    ratio = mean / think
    weights = []
    for n in range(customers + 1):
        ways = math.comb(customers, n) * ratio**n
        if n > servers:
            ways *= math.factorial(n) / (math.factorial(servers) * servers ** (n - servers))
        weights.append(ways)
    total = sum(weights)
    share = [weight / total for weight in weights]
    waiting = sum((n - servers) * p for n, p in enumerate(share) if n > servers)
    asking = sum((customers - n) * p for n, p in enumerate(share)) / think
    return waiting / asking


def mean_wait(world: World, customers: int, seconds: float, workers: int) -> float:
    result = simulate(world, [Phase(seconds, customers)], workers=workers, seed=7)
    return statistics.fmean(result.waits[len(result.waits) // 10 :])


@pytest.mark.parametrize("servers", [1, 3, 8])
def test_waits_are_those_of_a_queue_with_many_servers(servers: int) -> None:
    mean, busy, customers = 1.0, 0.75, 1_500
    think = customers * mean / (busy * servers) - mean
    world = World(
        service=Service(((0.0, mean),), law="exponential"), slots=1, think=think,
        think_law="exponential",
    )  # fmt: skip
    theory = erlang_c_wait(busy * servers / mean, mean, servers)
    assert mean_wait(world, customers, 24_000, servers) == pytest.approx(theory, rel=0.15)


def test_waits_are_exact_for_few_customers() -> None:
    world = World(
        service=Service(((0.0, 1.0),), law="exponential"), slots=3, think=4.0,
        think_law="exponential",
    )  # fmt: skip
    theory = finite_source_wait(14, 4.0, 1.0, 3)
    assert mean_wait(world, 14, 40_000, 1) == pytest.approx(theory, rel=0.05)


def test_threads_that_write_scripts_wait_as_simulated() -> None:
    """A real run: ten customers, two threads of a worker, a scripted backend."""
    pieces, delay, think, seconds, slots = 4, 0.02, 0.12, 4.0, 2
    backend = ScriptedBackend(default=["x"] * pieces, delay=delay)
    asked: queue.Queue[tuple[float, queue.Queue[float]] | None] = queue.Queue()
    measured: list[tuple[float, float]] = []
    waits: list[float] = []
    ends_at = time.monotonic() + seconds

    def work() -> None:
        while (job := asked.get()) is not None:
            began = time.monotonic()
            waits.append(began - job[0])
            stream = iter(backend.start(request_for("x")))
            next(stream)
            first = time.monotonic() - began
            list(stream)
            measured.append((first, time.monotonic() - began))
            job[1].put(first)

    def ask(number: int) -> None:
        dice = random.Random(number)
        time.sleep(dice.uniform(0, think))
        while time.monotonic() < ends_at:
            done: queue.Queue[float] = queue.Queue()
            asked.put((time.monotonic(), done))
            done.get(timeout=20)
            time.sleep(think * dice.uniform(0.5, 1.5))

    workers = [threading.Thread(target=work) for _ in range(slots)]
    customers = [threading.Thread(target=ask, args=(number,)) for number in range(10)]
    for thread in (*workers, *customers):
        thread.start()
    for thread in customers:
        thread.join(60)
    for _ in workers:
        asked.put(None)
    for thread in workers:
        thread.join(60)

    world = World(service=Service(tuple(measured)), slots=slots, think=think)
    simulated = simulate(world, [Phase(seconds, 10)], seed=3)
    assert len(simulated.waits) == pytest.approx(len(waits), rel=0.15)
    assert statistics.fmean(simulated.waits) == pytest.approx(statistics.fmean(waits), rel=0.35)


TURNS = Service(((0.1, 1.0), (0.15, 1.5), (0.2, 2.0)))


def test_the_ladder_keeps_the_promise_by_moving_turns_down() -> None:
    full = World(service=TURNS, slots=4, promise=0.5)
    waits = World(service=TURNS, slots=4)
    load = [Phase(300, 400)]
    with_ladder, without = simulate(full, load), simulate(waits, load)
    assert with_ladder.percentile(95) <= 0.5 < without.percentile(95)
    assert with_ladder.moved_share() > 0.3
    assert without.moved_share() == 0


def test_more_customers_need_more_workers_and_cost_no_more_each() -> None:
    world = World(service=TURNS, slots=8, promise=0.5)
    found = [needed(world, size, promise=0.5) for size in (50, 500, 2_000)]
    assert [item.p95 <= 0.5 for item in found] == [True] * 3
    assert found[0].workers < found[1].workers < found[2].workers
    each = [item.as_json(1.0)["cost_per_1000_questions"] for item in found]
    assert each == sorted(each, reverse=True)


def test_a_rule_follows_the_load_up_and_down() -> None:
    world = World(service=TURNS, slots=4, promise=0.5)
    rule = Rule(poll=15, cooldown=120, start=30)
    wave = phases("50:300,500:600,50:600")
    _, lines = rehearse(world, wave, rule, promise=0.5)
    calm, busy, after = lines
    assert calm["workers_at_end"] < busy["workers_at_end"]
    assert after["workers_at_end"] == calm["workers_at_end"]
    assert all(line["p95_holds"] for line in lines)
    assert busy["moved_down"] > after["moved_down"]
    late = simulate(World(service=TURNS, slots=4), wave, rule=Rule(start=120, poll=60))
    assert late.percentile(95, since=300, until=900) > 0.5, "without a ladder the wait shows"


def test_the_same_seed_is_the_same_run() -> None:
    world = World(service=TURNS, slots=4)
    runs = [simulate(world, [Phase(60, 50)], workers=2, seed=5).first for _ in range(2)]
    assert runs[0] == runs[1]


def test_the_command_reads_a_load_tests_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, out = tmp_path / "load.json", tmp_path / "out.json"
    report.write_text(json.dumps({"service_ms": {"cpu": [[80, 900], [120, 1500]]}}))
    call_command("simulate_capacity", "--from", str(report), "--conversations", "50,500",
                 "--price", "0.2", "--json", str(out))  # fmt: skip
    rows = json.loads(out.read_text())
    assert [row["conversations"] for row in rows] == [50, 500]
    assert "2 measured turns of cpu" in capsys.readouterr().out
    call_command("simulate_capacity", "--from", str(report), "--scale", "20:60,60:60")
    assert "worker hours" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no turn of the rung gpu"):
        call_command("simulate_capacity", "--from", str(report), "--tier", "gpu")
    with pytest.raises(CommandError, match="conversations:seconds"):
        call_command("simulate_capacity", "--from", str(report), "--scale", "x")
