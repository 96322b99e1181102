"""What a worker process does around its tasks: loads its model, says so, gives back at the end.

A worker serves the rungs whose queues it consumes: a model of its own, or other servers. It is
ready before it takes work; when a model cannot be loaded it says why, quotes, and tries again.
"""

from collections.abc import Collection
from functools import partial
from typing import Any

from celery import signals
from django.conf import settings

from conversations import assembly, dispatch
from conversations.rung_host import Rung, RungHost
from conversations.services import liveness, turns
from conversations.services.broker_memory import BrokerMemory
from conversations.services.liveness import LivenessSession
from conversations.services.worker_loss import LivenessMonitor, WorkerLossService
from portal import heap, limits

host = RungHost(liveness.new_name())
_monitors: list[LivenessMonitor] = []


def register(queue: str) -> None:
    """From now on this process is watched by the other workers, and watches them."""
    liveness.adopt_name(host.worker)
    monitor = LivenessMonitor(
        LivenessSession(name=host.worker, queue=queue),
        interval=limits.PRESENCE,
        losses=WorkerLossService(),
        broker_was_emptied=BrokerMemory().was_emptied,
    )
    monitor.start()
    _monitors.append(monitor)


def rungs_in(queues: Collection[str]) -> list[Rung]:
    """The rungs that a worker of these queues serves, best first."""
    remote = {rung.name: rung for rung in dispatch.remote_rungs}
    found = []
    for name in dispatch.LADDER:
        if name not in queues:
            continue
        if name in remote:
            load = partial(assembly.remote_backend, remote[name])
        else:
            load = partial(assembly.build_backend, settings.CONFIG, name)
        found.append(Rung(name, load))
    return found


@signals.celeryd_after_setup.connect
def load_rungs(sender: str, instance: Any, **_: object) -> None:
    queues = set(instance.app.amqp.queues.consume_from)
    register(",".join(sorted(queues)))
    assembly.use_backends(host.backends)
    host.start(rungs_in(queues), threads=instance.concurrency or 0)
    assembly.warm_up()


@signals.worker_ready.connect
def announce_rungs(**_: object) -> None:
    host.serve()
    heap.settle()


@signals.worker_shutting_down.connect
def withdraw(**_: object) -> None:
    host.stop()


@signals.worker_shutdown.connect
def give_back(**_: object) -> None:
    """Whatever is still being answered goes back to the queue for another worker."""
    for lease in assembly.keeper.held():
        if turns.release(lease):
            dispatch.ring(lease.turn_id)
    while _monitors:
        _monitors.pop().stop()
