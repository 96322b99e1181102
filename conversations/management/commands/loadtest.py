"""`manage.py loadtest`: real sockets against a running portal."""

import asyncio
import json
import sys
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from conversations.benchmarks import idle, load_report
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
        parser.add_argument("--repeat", type=int, default=1, help="runs; medians are reported")
        parser.add_argument("--sweep", help="several numbers of conversations, such as 10,50,200")
        parser.add_argument(
            "--no-cache", action="store_true", help="fail if an answer came from the answer cache"
        )
        parser.add_argument(
            "--idle", type=int, default=0, help="hold so many silent sockets instead"
        )
        parser.add_argument("--json", type=Path, help="write the report to this file")
        parser.add_argument("--report", type=Path, help="write Markdown and plots to this folder")
        parser.add_argument("--name", default="loadtest", help="of the files in that folder")

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
            report = self._idle(options) if options["idle"] else self._run(plan, options)
        except PortalUnreachable as exc:
            raise CommandError(str(exc)) from exc
        text = json.dumps(report, indent=2)
        if options["json"]:
            options["json"].write_text(text + "\n")
        self.stdout.write(text)

    def _idle(self, options: dict[str, Any]) -> dict[str, Any]:
        url = options["url"].rstrip("/")
        return asyncio.run(
            idle.hold(url, options["idle"], seconds=options["seconds"], progress=self._progress)
        )

    def _run(self, plan: Plan, options: dict[str, Any]) -> dict[str, Any]:
        """The report of one plan; of several sizes under "sweep", the largest's on top."""
        reports = []
        for size in _sizes(options) or [plan.conversations]:
            runs = []
            for number in range(max(1, options["repeat"])):
                again = replace(plan, conversations=size, seed=plan.seed + 1000 * number)
                runs.append(asyncio.run(run(again, self._progress)))
            reports.append(load_report.medians(runs))
        if options["no_cache"] and any(report["tiers"].get("cache") for report in reports):
            raise CommandError(
                "Answers came from the cache. Start the portal with PORTAL_ANSWER_CACHE=false."
            )
        if options["report"]:
            about = "manage.py loadtest " + " ".join(sys.argv[2:])
            files = load_report.write(
                options["report"], reports, about=_without_paths(about), name=options["name"]
            )
            self.stderr.write(f"Written: {', '.join(file.name for file in files)}")
        whole = {**reports[-1], "machine": load_report.machine()}
        return {**whole, "sweep": reports} if len(reports) > 1 else whole

    def _progress(self, asked: int, seconds: int) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r{seconds:4d} s  {asked} questions", ending="")


def _sizes(options: dict[str, Any]) -> list[int]:
    try:
        sizes = [int(part) for part in (options["sweep"] or "").split(",") if part]
    except ValueError as exc:
        raise CommandError("--sweep is a list of numbers, such as 10,50,200.") from exc
    if any(size < 1 for size in sizes):
        raise CommandError("--sweep needs numbers above 0.")
    return sorted(sizes)


def _without_paths(command: str) -> str:
    """A command line as a report may show it: files by their names only."""
    return " ".join(
        part.rpartition("/")[2] if part[:1] == "/" else part for part in command.split()
    )


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
