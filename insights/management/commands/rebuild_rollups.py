"""manage.py rebuild_rollups: read the whole record again into facts and hourly sums."""

from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from tqdm import tqdm

from conversations.models import Conversation
from insights.ledger.refresh import LedgerService


class Command(BaseCommand):
    help = "Rebuild the resolution ledger and the hourly rollups from the record."

    def handle(self, *_args: Any, **_options: Any) -> None:
        started = perf_counter()
        total = Conversation.objects.count()
        with tqdm(total=total, unit=" conversations") as bar:
            seen = LedgerService().rebuild(now=timezone.now(), progress=bar.update)
        seconds = perf_counter() - started
        rate = seen / seconds if seconds else 0
        self.stdout.write(f"{seen:,} conversations in {seconds:.1f} s ({rate:,.0f} a second).")
