"""manage.py plot_decisions VERDICTS… --out FOLDER: reliability and risk-coverage plots as SVG."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from conversations.services.decision_plots import Point, reliability_svg, risk_svg


class Command(BaseCommand):
    help = "Draw what `evaluate --verdicts FILE` wrote: is the confidence true, what does it risk?"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verdicts", nargs="+", type=Path, help="files of evaluate --verdicts")
        parser.add_argument("--out", type=Path, required=True, help="folder for the plots")
        parser.add_argument("--title", default="", help="instead of the files' names")
        parser.add_argument("--max-error", type=float, default=0.05, help="wrong answers allowed")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = [row for path in options["verdicts"] for row in _read(path)]
        points = [
            Point(float(row["confidence"]), bool(row["right"]))
            for row in rows
            if row["confidence"] is not None
        ]
        if not points:
            raise CommandError("No verdict has a confidence; there is nothing to draw.")
        title = options["title"] or ", ".join(path.stem for path in options["verdicts"])
        drawn = {
            "reliability.svg": reliability_svg(points, title),
            "risk_coverage.svg": risk_svg(points, len(rows), title, max_error=options["max_error"]),
        }
        options["out"].mkdir(parents=True, exist_ok=True)
        for name, text in drawn.items():
            path = options["out"] / name
            path.write_text(text, encoding="utf-8")
            self.stdout.write(f"{path} is written: {len(points):,} of {len(rows):,} questions.")


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
        return [{"confidence": row["confidence"], "right": row["right"]} for row in rows]
    except OSError as exc:
        raise CommandError(f"{path} cannot be read ({exc.strerror}).") from None
    except (ValueError, KeyError, TypeError) as exc:
        raise CommandError(
            f"{path} holds no verdicts ({exc!r}); write them with evaluate --verdicts FILE."
        ) from None
