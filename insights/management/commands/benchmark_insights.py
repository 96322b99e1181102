"""manage.py benchmark_insights: how long every page and typical questions take, against budgets."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from insights.benchmark import PAGE_BUDGET_MS, QUESTION_BUDGET_MS, QUESTIONS, measure
from insights.navigation import PAGES


class Command(BaseCommand):
    help = "Time every page and typical questions; ends with 1 where a budget is not kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rounds", type=int, default=20)
        parser.add_argument("--days", type=int, default=28, help="Length of the pages' period.")
        parser.add_argument("--json", metavar="FILE")

    def handle(self, *_args: Any, **options: Any) -> None:
        total = options["rounds"] * (len(PAGES) + len(QUESTIONS))
        with tqdm(total=total, unit=" requests", file=sys.stderr) as bar:
            found = measure(rounds=options["rounds"], days=options["days"], progress=bar.update)
        self.stdout.write(
            f"{found['conversations']:,} conversations, pages over {found['days']} days, "
            f"{found['machine']['cores']} cores, load {found['machine']['load']}"
        )
        for title, rows, budget in (
            ("page", found["pages"], PAGE_BUDGET_MS),
            ("question", found["questions"], QUESTION_BUDGET_MS),
        ):
            self.stdout.write(
                f"\n{title:<66} {'p50':>7} {'p95':>7} {'worst':>7} {'cpu':>7}  (ms, {budget})"
            )
            for row in rows:
                mark = "" if row["kept"] else "  over"
                times = " ".join(f"{row[key]:>7}" for key in ("p50", "p95", "worst"))
                self.stdout.write(f"{row['what']:<66} {times} {row['cpu'] or '–':>7}{mark}")
        if options["json"]:
            Path(options["json"]).write_text(json.dumps(found, indent=1))
        if not all(row["kept"] for row in (*found["pages"], *found["questions"])):
            sys.exit(1)
