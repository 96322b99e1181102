"""`manage.py benchmark_admin`: how long each page of the admin takes over many conversations."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from tqdm import tqdm

from conversations.benchmarks import admin_rows
from conversations.benchmarks.admin import measure

CHUNK = 100_000
PROMISED_MS = 300.0


class Undo(Exception):
    """Takes back the benchmark's own user and session."""


class Command(BaseCommand):
    help = (
        "Fills a database of its own (PORTAL_VAR of an empty folder) with conversations and times "
        "every page of the admin. The rows stay: remove the folder afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--conversations", type=int, default=1_000_000)
        parser.add_argument("--json", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted, there = options["conversations"], admin_rows.known()
        if wanted < 1:
            raise CommandError("Give at least one conversation.")
        if there < wanted:
            self._fill(there, wanted)
        settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "localhost"]
        timings = []
        try:
            with transaction.atomic():
                for timing in measure():
                    timings.append(timing)
                    self._show(timing)
                raise Undo
        except Undo:
            pass
        worst = max(timings, key=lambda timing: timing.p50_ms)
        slow = [timing for timing in timings if timing.p50_ms > PROMISED_MS]
        self.stdout.write(
            f"{len(timings)} pages at {wanted} conversations; slowest {worst.name} with "
            f"{worst.p50_ms:.0f} ms; {len(slow)} above {PROMISED_MS:.0f} ms; "
            f"load {os.getloadavg()[0]:.1f}"
        )
        if options["json"]:
            text = json.dumps([asdict(timing) for timing in timings], indent=2)
            options["json"].write_text(f"{text}\n", encoding="utf-8")

    def _fill(self, there: int, wanted: int) -> None:
        """By chunks, so that what was written stays when it is stopped."""
        with tqdm(total=wanted - there, unit=" conversations") as bar:
            for first in range(there + 1, wanted + 1, CHUNK):
                last = min(first + CHUNK - 1, wanted)
                with transaction.atomic():
                    for name in admin_rows.write(first=first, last=last):
                        bar.set_postfix_str(name)
                bar.update(last - first + 1)
        admin_rows.settle()

    def _show(self, timing: Any) -> None:
        mark = "!" if timing.p50_ms > PROMISED_MS else " "
        self.stdout.write(
            f"{mark}{timing.best_ms:8.1f} ms best {timing.p50_ms:8.1f} ms p50 "
            f"{timing.worst_ms:8.1f} ms worst "
            f"{timing.slowest_query_ms:7.1f} ms slowest query {timing.queries:3d} queries  "
            f"{timing.name}"
        )
