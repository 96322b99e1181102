"""`manage.py benchmark_desk`: how long the desk's readings take with much behind them."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from conversations.benchmarks.client import PortalUnreachable
from conversations.benchmarks.desk import measure, seed
from conversations.benchmarks.desk_sockets import measure_desks
from conversations.models import Escalation


class Undo(Exception):
    """Takes back what was seeded."""


class Command(BaseCommand):
    help = (
        "Writes conversations into one transaction, times the desk's readings over them, and takes "
        "everything back; with --keep they stay, and --waiting 0 --past 0 times what is there. "
        "With --desks it opens so many desks on a running portal and times an event's way to all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--waiting", type=int, default=500)
        parser.add_argument("--past", type=int, default=100_000)
        parser.add_argument(
            "--keep", action="store_true", help="Keep what is written: for a database of its own."
        )
        parser.add_argument("--repeat", type=int, default=20, help="Times each reading is timed.")
        parser.add_argument("--desks", type=int, default=0, help="Open desks, over real sockets.")
        parser.add_argument("--events", type=int, default=100, help="So many events to them.")
        parser.add_argument("--url", default=f"http://127.0.0.1:{settings.CONFIG.port}")
        parser.add_argument("--json", metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["desks"] > 0:
            self._sockets(options)
        else:
            self._readings(options)

    def _sockets(self, options: dict[str, Any]) -> None:
        try:
            found = measure_desks(
                options["url"].rstrip("/"),
                desks=options["desks"],
                events=max(1, options["events"]),
            )
        except PortalUnreachable as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(
            f"{found.desks} desks, {found.events} events: {found.p50_ms} ms p50, "
            f"{found.p95_ms} ms p95, {found.worst_ms} ms at worst; on the last desk "
            f"{found.whole_p95_ms} ms p95; {found.lost} lost, {found.doubled} doubled"
        )
        self._write(options["json"], asdict(found))

    def _readings(self, options: dict[str, Any]) -> None:
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
        self._write(options["json"], [asdict(timing) for timing in timings])

    def _write(self, file: str | None, found: Any) -> None:
        if file:
            Path(file).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
