"""`manage.py benchmark_desk`: how long the desk's readings take with much behind them."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from conversations.benchmarks.desk import measure, seed


class Undo(Exception):
    """Takes back what was seeded."""


class Command(BaseCommand):
    help = (
        "Writes conversations into one transaction, times the desk's readings over them, and takes "
        "everything back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--waiting", type=int, default=500)
        parser.add_argument("--past", type=int, default=100_000)
        parser.add_argument("--json", metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["waiting"] < 1 or options["past"] < 0:
            raise CommandError("Give at least one waiting conversation.")
        now = timezone.now()
        try:
            with transaction.atomic():
                agent = seed(waiting=options["waiting"], past=options["past"], now=now)
                timings = measure(agent, now=now)
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
