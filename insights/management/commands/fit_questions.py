"""manage.py fit_questions: fit the model that tells which figure a question is about."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from insights.ask.fitting import BadExamples, examples, fit, questions
from insights.ask.likeness import PATH, Likeness


class Command(BaseCommand):
    help = (
        "Fit the model of figures on the phrases and on example questions, files of lines such as "
        '{"q": question, "m": figure}; a line without "m" is a question that no figure answers.'
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
        parser.add_argument("--out", type=Path, default=PATH)
        parser.add_argument("--test", type=Path, nargs="*", default=[], help="files to test on")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            data = examples(options["files"])
            tests = {path: questions(path) for path in options["test"]}
        except (BadExamples, OSError, UnicodeDecodeError) as error:
            raise CommandError(str(error)) from error
        model = fit(data)
        model.write(options["out"])
        size = options["out"].stat().st_size
        self.stdout.write(f"{len(data.texts)} texts, {size:,} bytes, {model.digest}")
        for path, rows in tests.items():
            right = sum(_first(model, text) == figure for text, figure in rows)
            self.stdout.write(f"{path.name}: the right figure first in {right} of {len(rows)}")


def _first(model: Likeness, text: str) -> str:
    found = model.chances(text)
    return max(found, key=lambda key: found[key])
