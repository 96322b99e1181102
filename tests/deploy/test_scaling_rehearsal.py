"""The scalers' numbers, as they stand in the manifests, rehearsed: 50, then 500, then 50 customers.

The service times are made up, like those of rungs that were measured (docs/performance). With turns
of your own, `manage.py simulate_capacity --scale` says it for you.
"""

from typing import Any

import pytest

from conversations.benchmarks.rehearsal import rehearse
from conversations.benchmarks.simulation import Phase, Rule, Service, World

PROMISE = 0.5
PHASES = (Phase(300, 50), Phase(900, 500), Phase(1500, 50))
#: Seconds until a new worker serves: pod, image, weights.
START = {"cpu": 60.0, "gpu": 120.0}
#: Replies that a worker has in hand: limits of the rung, or its threads.
SLOTS = {"cpu": 2, "gpu": 32}
#: (first text, end) of a turn since its claim.
SERVICE = {
    "cpu": Service(((0.07, 0.2), (0.08, 0.3), (0.10, 0.6), (0.12, 1.6))),
    "gpu": Service(((0.15, 1.5), (0.18, 2.5), (0.20, 3.0), (0.25, 4.0))),
}


def rule(scaler: dict[str, Any], rung: str) -> Rule:
    """A ScaledObject as the simulator takes it."""
    spec = scaler["spec"]
    threshold = next(
        float(trigger["metadata"]["threshold"])
        for trigger in spec["triggers"]
        if trigger.get("name") == "demand"
    )
    down = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
    return Rule(
        target=threshold / SLOTS[rung],
        poll=spec["pollingInterval"],
        cooldown=down["stabilizationWindowSeconds"],
        start=START[rung],
        least=spec["minReplicaCount"],
        most=spec["maxReplicaCount"],
    )


@pytest.mark.parametrize(
    ("overlay", "rung", "workers"), [("medium", "cpu", 14), ("large", "gpu", 4)]
)
def test_the_first_words_stay_in_time_while_customers_come_and_go(
    objects: dict[str, list[dict[str, Any]]], overlay: str, rung: str, workers: int
) -> None:
    scaler = next(
        item
        for item in objects[overlay]
        if item["kind"] == "ScaledObject" and item["metadata"]["name"] == f"portal-worker-{rung}"
    )
    ruled = rule(scaler, rung)
    world = World(service=SERVICE[rung], slots=SLOTS[rung], promise=PROMISE, around=0.05)
    result, phases = rehearse(world, PHASES, ruled, promise=PROMISE)
    print(*phases, f"most workers {result.most_workers}", sep="\n")
    assert all(phase["p95_holds"] for phase in phases)
    assert result.most_workers <= workers
    assert phases[-1]["workers_at_end"] < result.most_workers
    assert phases[-1]["moved_down"] <= 0.05
    # Once the new workers are there, the rung writes again instead of passing on.
    assert result.moved_share(since=300 + 400, until=1200) <= 0.05
