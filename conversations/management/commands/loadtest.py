"""`manage.py loadtest`: real sockets against a running portal."""

import asyncio
import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from conversations.benchmarks.client import PortalUnreachable
from conversations.benchmarks.loadtest import Plan, run
from conversations.retrieval.drafts import RowError
from conversations.retrieval.readers import ArticleSource, UnreadableSource

DEMO_QUESTIONS = Path(__file__).resolve().parents[2] / "demo" / "questions.jsonl"


class Command(BaseCommand):
    help = "Hold many conversations with a running portal and report what the customers saw."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        config = settings.CONFIG
        parser.add_argument("--conversations", type=int, default=10)
        parser.add_argument("--seconds", type=float, default=60)
        parser.add_argument("--think", type=float, default=20, help="seconds between questions")
        parser.add_argument(
            "--questions",
            type=Path,
            default=DEMO_QUESTIONS,
            help="questions.jsonl, or a folder of articles to ask their titles and phrasings",
        )
        parser.add_argument("--url", default=f"http://127.0.0.1:{config.port}")
        parser.add_argument(
            "--reloads",
            type=int,
            default=0,
            help="reload pages in mid-answer until there were so many, instead of --seconds",
        )
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--json", type=Path, help="write the report to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        plan = Plan(
            url=options["url"].rstrip("/"),
            conversations=options["conversations"],
            seconds=options["seconds"],
            think=options["think"],
            questions=read_questions(options["questions"]),
            seed=options["seed"],
            reloads=options["reloads"],
        )
        try:
            report = asyncio.run(run(plan, self._progress))
        except PortalUnreachable as exc:
            raise CommandError(str(exc)) from exc
        text = json.dumps(report, indent=2)
        if options["json"]:
            options["json"].write_text(text + "\n")
        self.stdout.write(text)

    def _progress(self, asked: int, seconds: int) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r{seconds:4d} s  {asked} questions", ending="")


def read_questions(path: Path) -> tuple[str, ...]:
    """The questions of a set that stand alone (those with a history need their conversation), or,
    for a folder of articles, their titles and phrasings: questions that the articles answer."""
    if path.is_dir():
        return _phrasings(path)
    try:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        questions = tuple(row["text"] for row in rows if not row.get("history"))
    except (OSError, ValueError, KeyError) as exc:
        raise CommandError(
            f"{path} is not a set of questions (JSON lines with a text): {exc}"
        ) from exc
    if not questions:
        raise CommandError(f"{path} holds no question that stands alone.")
    return questions


def _phrasings(folder: Path) -> tuple[str, ...]:
    try:
        drafts = [row for row in ArticleSource(folder) if not isinstance(row, RowError)]
    except UnreadableSource as exc:
        raise CommandError(str(exc)) from exc
    return tuple(text for draft in drafts for text in (draft.title, *draft.asked_as))
