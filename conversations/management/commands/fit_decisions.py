"""manage.py fit_decisions: fit the decision on judged questions, and show how it carries over."""

import json
from argparse import ArgumentParser
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from conversations.dialogue.calibration import DEFAULT_PATH, dump, parse
from conversations.dialogue.guarantee import DELTA
from conversations.retrieval.embedding import Embedder, configured_embedder
from conversations.retrieval.embedding_cache import CachedEmbedder
from conversations.services import calibration as service

_HEAD = "{:22} {:>5} {:>6} {:>6} {:>9} {:>7} {:>7} {:>7} {:>9} {:>9}"


class Command(BaseCommand):
    help = "Fit the decision to answer on sets of judged questions; the live articles rest."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sets", type=Path, nargs="+", required=True, help="set folders")
        parser.add_argument(
            "--out", type=Path, help=f"write here; the shipped one is {DEFAULT_PATH.name}"
        )
        parser.add_argument("--max-error", type=float, default=0.05, help="error of the report")
        parser.add_argument("--delta", type=float, default=DELTA, help="1 - confidence of it")
        parser.add_argument("--limit", type=int, default=700, help="questions a set; 0: all")

    def handle(self, *args: Any, **options: Any) -> None:
        folders = [path for path in options["sets"] if (path / "questions.jsonl").is_file()]
        if len(folders) < 3:
            raise CommandError(
                "Name at least three set folders, each with kb.jsonl and questions.jsonl."
            )
        sets = []
        for folder in folders:
            with tqdm(desc=folder.name, disable=options["verbosity"] < 1) as bar:
                sets.append(
                    service.gather_set(
                        folder,
                        embedder=_remembering_embedder,
                        limit=options["limit"],
                        advanced=bar.update,
                    )
                )
        scores = service.leave_one_out(sets)
        fitted = service.shipped(sets, scores, data_digest=service.digest_of_sets(folders))
        document = dump(fitted)
        parse(document)
        if options["out"]:
            text = json.dumps(document, separators=(",", ":"), sort_keys=True)
            options["out"].write_text(f"{text}\n", encoding="utf-8")
            self.stdout.write(f"written: {options['out']} ({document['digest'][:12]})")
        self._table(sets, scores, options["max_error"], options["delta"])

    def _table(
        self,
        sets: list[service.Gathered],
        scores: dict[str, list[float]],
        max_error: float,
        delta: float,
    ) -> None:
        heads = (
            "left out",
            "n",
            "r@1",
            "r@5",
            "threshold",
            "auto",
            "wrong",
            "2 SE",
            "hindsight",
            "no-gold",
        )
        self.stdout.write(_HEAD.format(*heads))
        recalls = {one.name: (one.recall_at_1, one.recall_at_5) for one in sets}
        for row in service.transfer_table(sets, scores, max_error, delta):
            one, five = recalls[row.name]
            figures = (row.threshold, row.automation, row.wrong, row.margin, row.hindsight)
            self.stdout.write(
                _HEAD.format(
                    row.name,
                    row.questions,
                    f"{one:.3f}",
                    f"{five:.3f}",
                    *(f"{value:.3f}" for value in figures),
                    f"{row.unanswerable_answered:.3f}",
                )
            )


@cache
def _remembering_embedder() -> Embedder:
    return CachedEmbedder(
        configured_embedder(), settings.CONFIG.var / "cache" / "embeddings.sqlite3"
    )
