"""manage.py embed_articles [--again]: vectors for passages that lack them, or for all of them."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from tqdm import tqdm

from conversations.models import Passage
from conversations.retrieval.embedding import EmbeddingUnavailable, configured_embedder
from conversations.services.knowledge import KnowledgeService


class Command(BaseCommand):
    help = "Compute the vectors that are missing, or all of them after a change of the model."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--again", action="store_true", help="all passages: for a new model")

    def handle(self, *args: Any, again: bool, **options: Any) -> None:
        lacking = Q(embedding=None) | Q(tokens=None)
        waiting = Passage.objects.all() if again else Passage.objects.filter(lacking)
        service = KnowledgeService(embedder=configured_embedder)
        with tqdm(total=waiting.count(), unit=" passages", disable=options["verbosity"] < 1) as bar:
            try:
                count = service.embed_pending(again=again, progress=bar.update)
            except EmbeddingUnavailable as exc:
                raise CommandError(exc.detail) from None
        self.stdout.write(f"{count} passages embedded.")
