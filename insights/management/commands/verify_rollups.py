"""manage.py verify_rollups: recount every measure by every dimension from the rows."""

import sys
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from tqdm import tqdm

from insights.figures.figure import portal_zone
from insights.figures.periods import Period, local_date
from insights.ledger.verification import VerificationService, plans

SHOWN = 20


class Command(BaseCommand):
    help = "Compare all sums with a recount from rows; ends with 1 where one differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=200)
        parser.add_argument(
            "--late", type=int, default=0, metavar="N",
            help="First let about N late and repeated events happen to the demonstration history.",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *_args: Any, **options: Any) -> None:
        service, now = VerificationService(), timezone.now()
        if options["late"]:
            done = service.disturb(events=options["late"], seed=options["seed"], now=now)
            self.stdout.write(f"{done:,} late and repeated events happened.")
        today = local_date(now, portal_zone())
        period = Period(today - timedelta(days=options["days"]), today + timedelta(days=1))
        with tqdm(total=len(list(plans(period))), unit=" plans") as bar:
            compared, found = service.compare(period, progress=bar.update)
        for item in found[:SHOWN]:
            self.stdout.write(f"{item.measure} by {item.dimension or 'nothing'}, {item.key!r}: "
                              f"{item.rolled} is not {item.counted}")  # fmt: skip
        self.stdout.write(f"{compared:,} figures compared, {len(found):,} differ.")
        if found:
            sys.exit(1)
