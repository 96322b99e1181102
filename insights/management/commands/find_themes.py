"""manage.py find_themes: clusters of what customers ask, found from the questions' embeddings."""

from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from tqdm import tqdm

from conversations.retrieval.embedding import configured_embedder
from insights.models import Theme, TurnFact
from insights.themes.service import ThemeService


class Command(BaseCommand):
    help = "Give questions without a theme one; --again forgets all themes first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--most", type=int, default=1_000_000, help="Read so many at most.")
        parser.add_argument("--again", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        service, started = ThemeService(embedder=configured_embedder), perf_counter()
        if options["again"]:
            service.forget()
        waiting = TurnFact.objects.filter(theme=None).exclude(kind="courtesy").count()
        with tqdm(total=min(waiting, options["most"]), unit=" questions") as bar:
            read = service.find(now=timezone.now(), most=options["most"], progress=bar.update)
        rate = read / max(perf_counter() - started, 0.001)
        self.stdout.write(
            f"{read:,} questions ({rate:,.0f} a second), {Theme.objects.count()} themes."
        )
