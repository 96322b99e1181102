"""`manage.py benchmark_desk`: how long the desk's readings take with much behind them."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from conversations.benchmarks.desk import measure, seed
from conversations.models import Escalation


class Undo(Exception):
    """Takes back what was seeded."""


class Command(BaseCommand):
    help = (
        "Writes conversations into one transaction, times the desk's readings over them, and takes "
        "everything back; with --keep they stay, and --waiting 0 --past 0 times what is there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--waiting", type=int, default=500)
        parser.add_argument("--past", type=int, default=100_000)
        parser.add_argument(
            "--keep", action="store_true", help="Keep what is written: for a database of its own."
        )
        parser.add_argument("--repeat", type=int, default=20, help="Times each reading is timed.")
        parser.add_argument("--json", metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["waiting"] < 0 or options["past"] < 0:
            raise CommandError("Give how many conversations wait and how many are past: 0 or more.")
        now = timezone.now()
        try:
            with transaction.atomic():
                agent = seed(waiting=options["waiting"], past=options["past"], now=now)
                if not Escalation.objects.waiting().exists():
                    raise CommandError("Nobody waits. Give --waiting 1 or more.")
                timings = measure(agent, now=now, repeat=max(1, options["repeat"]))
                if not options["keep"]:
                    raise Undo
        except Undo:
            pass
        for timing in timings:
            self.stdout.write(
                f"{timing.p50_ms:8.1f} ms p50 {timing.p95_ms:8.1f} ms p95 "
                f"{timing.queries:3d} queries  {timing.name}"
            )
        if options["json"]:
            with open(options["json"], "w", encoding="utf-8") as file:  # noqa: PTH123
                json.dump([asdict(timing) for timing in timings], file, indent=2)
