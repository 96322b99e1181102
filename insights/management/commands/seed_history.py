"""manage.py seed_history: a made-up past to try the dashboards with, or its removal."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from tqdm import tqdm

from insights.ledger.refresh import LedgerService
from insights.seeding.history import DemoHistoryService


class Command(BaseCommand):
    help = "Make a demonstration history, marked as such; --remove takes all of it away."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=180)
        parser.add_argument("--conversations", type=int, default=100_000)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--remove", action="store_true", help="Delete it again.")

    def handle(self, *_args: Any, **options: Any) -> None:
        history, ledger = DemoHistoryService(), LedgerService()
        if options["remove"]:
            removed = history.remove()
            ledger.refresh(now=timezone.now())
            self.stdout.write(f"Removed {removed:,} demonstration conversations.")
            return
        total = options["conversations"]
        now = timezone.now()
        with tqdm(total=total, unit=" conversations", desc="Writing") as bar:
            history.make(
                days=options["days"],
                conversations=total,
                now=now,
                seed=options["seed"],
                progress=bar.update,
            )
        with tqdm(total=total, unit=" conversations", desc="Reckoning") as bar:
            ledger.rebuild(now=now, progress=bar.update)
        self.stdout.write("Done. The dashboards are at /insights/; --remove takes it away.")
