"""manage.py import_articles PATH [--replace]: from .jsonl, .csv or a folder of Markdown."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from conversations.retrieval.drafts import RowError
from conversations.retrieval.readers import ArticleSource, UnreadableSource
from conversations.retrieval.readings import article_embedder
from conversations.services.knowledge import KnowledgeService
from conversations.services.knowledge_import import ImportReport, import_articles


class Command(BaseCommand):
    help = (
        "Import help articles from a .jsonl or .csv file or a folder of Markdown. Safe to repeat: "
        "an article is known by its id. Bad rows are named; the rest goes in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument(
            "--replace",
            action="store_true",
            help="archive the articles that the source does not have",
        )

    def handle(self, *args: Any, path: Path, replace: bool, **options: Any) -> None:
        with tqdm(unit=" articles", disable=options["verbosity"] < 1) as bar:
            try:
                source = ArticleSource(path)
                report = import_articles(
                    service=KnowledgeService(embedder=article_embedder),
                    source=source,
                    replace_all=replace,
                    started=bar.reset,
                    advanced=bar.update,
                    refused=self._refused,
                )
            except UnreadableSource as exc:
                bar.disable = True
                raise CommandError(str(exc)) from None
        self._tell(source, report)

    def _refused(self, error: RowError) -> None:
        with tqdm.external_write_mode(file=self.stderr):
            self.stderr.write(str(error))

    def _tell(self, source: ArticleSource, report: ImportReport) -> None:
        if not report.stored:
            raise CommandError(f"No article went in; {len(report.errors)} rows were refused.")
        self.stdout.write(
            f"{report.created} new, {report.updated} changed, {report.unchanged} unchanged, "
            f"{report.archived} archived in {report.seconds:.1f} s."
        )
        if source.skipped:
            self.stdout.write(f"Not articles, left out: {', '.join(source.skipped)}.")
        if report.kept:
            self.stderr.write(report.kept)
        if report.errors:
            self.stderr.write(f"{len(report.errors)} rows were refused; they are named above.")
