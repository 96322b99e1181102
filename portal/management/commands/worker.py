"""`manage.py worker model|default`: a Celery worker of Portal."""

import os
import warnings
from pathlib import Path
from typing import Any

from celery import signals
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.inference import remote_rungs
from portal import probes
from portal.celery import app
from portal.checks import OF_PORTAL

#: Threads wait for the model or the database most of the time.
CONCURRENCY = {"gpu": 32, "cpu": 8, "scripted": 16, "default": 4}
#: Replies of other servers cost this machine little but a thread.
MOST_REMOTE = 64


def tier() -> str:
    """The rung that this machine's model worker serves."""
    if settings.CONFIG.tier != "auto":
        return str(settings.CONFIG.tier)
    return "gpu" if any(Path("/dev").glob("nvidia[0-9]*")) else "cpu"


def serves(kind: str) -> tuple[list[str], int]:
    """The queues of a kind of worker, and its threads. Raises CommandError."""
    if kind != "remote":
        queue = tier() if kind == "model" else kind
        return [queue], CONCURRENCY.get(queue, CONCURRENCY["cpu"])
    try:
        rungs = remote_rungs.parse(settings.CONFIG.remote_rungs)
    except remote_rungs.BadRemoteRung as exc:
        raise CommandError(f"PORTAL_REMOTE_RUNGS: {exc}") from None
    if not rungs:
        raise CommandError("PORTAL_REMOTE_RUNGS names no server; see docs/ladder.md.")
    return [rung.name for rung in rungs], min(MOST_REMOTE, sum(rung.slots for rung in rungs))


class Command(BaseCommand):
    help = (
        "Run a worker: `model` writes answers on this machine's rung, `remote` has other servers "
        "write them (PORTAL_REMOTE_RUNGS), `default` does the rest."
    )
    # The others are the web process's, which shows the pages.
    requires_system_checks = (OF_PORTAL,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=["model", "remote", "default"])
        parser.add_argument("--concurrency", type=int, default=0, help="Threads; 0: as fits.")

    def handle(self, *_args: Any, **options: Any) -> None:
        # Root in a container is usual, and messages are JSON only.
        warnings.filterwarnings("ignore", message="You're running the worker with superuser")
        # Threads of a matrix product that spin while they wait take the cores from everybody else:
        # on two busy cores a step of 20 ms took 400. Read when torch is loaded, so set it first.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        os.environ.setdefault("CELERY_SKIP_CHECKS", "1")  # they were done a moment ago
        queues, threads = serves(options["kind"])
        liveness = probes.Liveness()
        signals.worker_ready.connect(lambda **_: liveness.ready(), weak=False)
        signals.worker_shutting_down.connect(lambda **_: liveness.leave(), weak=False)
        probes.start(settings.CONFIG.metrics_port, liveness)
        app.worker_main(
            [
                "worker",
                "--pool=threads",  # one process, so that one model serves all its threads
                f"--concurrency={options['concurrency'] or threads}",
                f"--queues={','.join(queues)}",
                f"--hostname={options['kind']}-{os.getpid()}@%h",
                f"--loglevel={settings.CONFIG.log_level}",
                "--without-gossip",
                "--without-heartbeat",  # the portal has its own (services/liveness.py)
                "--without-mingle",
            ]
        )
