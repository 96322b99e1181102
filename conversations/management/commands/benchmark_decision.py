"""manage.py benchmark_decision: how long a decision takes over many passages, by its parts."""

import json
import os
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from conversations.benchmarks.decision import measure
from conversations.retrieval.embedding import configured_embedder
from conversations.retrieval.embedding_cache import remembering_embedder
from conversations.retrieval.readers import UnreadableSource
from conversations.services.evaluation_run import read_questions


class Command(BaseCommand):
    help = (
        "Time decisions over a knowledge base of a given size, made of real articles and joined "
        "halves of them, in a store of its own. The machine should have nothing else to do."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--articles", type=Path, required=True, help=".jsonl, .csv or folder")
        parser.add_argument("--questions", type=Path, required=True, help="questions.jsonl")
        parser.add_argument("--passages", type=int, default=10_000)
        parser.add_argument("--limit", type=int, default=200, help="questions that are timed")
        parser.add_argument("--json", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["limit"] < 1:
            raise CommandError("Time at least one question (--limit).")
        with tqdm(unit=" passages", disable=options["verbosity"] < 1) as bar:
            bar.total = options["passages"]
            try:
                found = measure(
                    articles=options["articles"],
                    questions=read_questions(options["questions"])[: options["limit"]],
                    passages=options["passages"],
                    embedder=configured_embedder,
                    article_embedder=remembering_embedder,
                    advanced=bar.update,
                )
            except UnreadableSource as exc:
                raise CommandError(str(exc)) from None
        self.stdout.write(
            f"{found.questions} questions over {found.passages} passages of {found.articles} "
            f"articles; filled in {found.fill_s} s, counted in {found.count_s} s; "
            f"{found.memory_mb} MB at most; load {os.getloadavg()[0]:.1f}"
        )
        for part, times in found.milliseconds.items():
            self.stdout.write(
                f"{part:>10}  p50 {times['p50']:7.1f} ms  p95 {times['p95']:7.1f} ms  "
                f"worst {times['worst']:7.1f} ms"
            )
        if options["json"]:
            text = json.dumps(asdict(found), indent=1)
            options["json"].write_text(f"{text}\n", encoding="utf-8")
