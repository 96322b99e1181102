"""manage.py read_demo: what the packaged embedding model makes of the demo, to a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from conversations.inference.extractive import Source, compared_texts
from conversations.retrieval.embedding import configured_embedder, read
from conversations.retrieval.readings import (
    DEMO_READINGS,
    Readings,
    article_drafts,
    article_texts,
    basis_digest,
    digest,
)


class Command(BaseCommand):
    help = "Reads the demo's articles with the packaged embedding model. Run it when they change."
    requires_system_checks: list[str] = []  # needs neither the database nor the pages

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--articles", type=Path, default=DEMO_READINGS.with_name("articles"))
        parser.add_argument("--out", type=Path, default=DEMO_READINGS)

    def handle(self, *_args: Any, **options: Any) -> None:
        texts = demo_texts(options["articles"])
        if settings.CONFIG.embedding != "minilm" or settings.CONFIG.embedding_model:
            raise CommandError(
                "This is for the packaged model: set PORTAL_EMBEDDING=minilm and unset "
                "PORTAL_EMBEDDING_MODEL."
            )
        model = configured_embedder()
        rows = zip(*read(model, texts), strict=True)
        found = dict(zip(map(digest, texts), rows, strict=True))
        Readings(model.name, basis_digest(), found).save(options["out"])
        size = options["out"].stat().st_size / 1e6
        self.stdout.write(f"{len(texts)} texts read into {options['out']} ({size:.1f} MB).")


def demo_texts(path: Path) -> list[str]:
    """What an import embeds, and the sentences that quoting compares questions with."""
    sources = (Source(1, draft.title, "", "", draft.body) for draft in article_drafts(path))
    sentences = (text for source in sources for text in compared_texts(source))
    return list(dict.fromkeys((*article_texts(path), *sentences)))
