"""`manage.py apply_retention`: what is older than its clock goes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from conversations import assembly


class Command(BaseCommand):
    help = "Apply the retention clocks of the settings. Beat does it once a day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count what would go")

    def handle(self, *_args: Any, **options: Any) -> None:
        dry_run = options["dry_run"]
        for item in assembly.retention().apply(now=timezone.now(), dry_run=dry_run):
            clock = f"after {item.days} days" if item.days else "kept for ever"
            verb = "would go" if dry_run else "gone"
            self.stdout.write(f"{item.kind:20} {clock:18} {item.rows} {verb}")
