"""manage.py cache_report: how often answers are given again, and whether one of them was stale."""

import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from conversations.services.cache_report import report


class Command(BaseCommand):
    help = "Measure the answer cache: hit rate and staleness. Fails where an answer was stale."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=float, default=30.0, help="how far to look back")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 < options["days"] < 10_000:
            raise CommandError("--days must be above 0, such as 30.")
        found = report(since=timezone.now() - timedelta(days=options["days"]))
        if options["json"]:
            self.stdout.write(json.dumps(found.as_json()))
        else:
            self.stdout.write(
                f"{found.from_cache:,} of {found.answers:,} sure answers came from the cache "
                f"({found.hit_rate:.1%}); {found.stale} stale.\n"
                f"{found.entries:,} answers are kept, {found.approved:,} of them approved; "
                f"given again {found.given_again:,} times."
            )
        if found.stale:
            raise CommandError(f"{found.stale} answers cite a revision that was replaced before.")
