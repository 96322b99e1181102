"""manage.py insight "QUESTION": a question in plain words, answered from the record."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from insights.ask import vocabulary
from insights.ask.answer import Answer, answer
from insights.ask.reading import AskBack, Refused
from insights.ask.refusals import left_out, reason
from insights.ask.rules import read
from insights.figures.figure import portal_zone
from insights.figures.periods import local_date
from insights.figures.plan import to_json
from insights.measures import MEASURES


class Command(BaseCommand):
    help = "Answer a question in plain words, with its plan, its rows and their link."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("question")
        parser.add_argument("--json", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        today = local_date(timezone.now(), portal_zone())
        found = read(options["question"], vocabulary=vocabulary.current(), today=today)
        if isinstance(found, Refused):
            said = _said(None, reason(found), choices=[], words=list(found.words))
        elif isinstance(found, AskBack):
            choices = [to_json(plan) for plan in found.choices]
            names = ", ".join(str(MEASURES[c.measure].name) for c in found.choices
                              if c.measure in MEASURES)  # fmt: skip
            said = _said(None, f"“{found.words}” could mean: {names}. Which?", choices=choices)
        else:
            said = _said(answer(found.plan), mended=dict(found.mended), unread=list(found.unread))
        if options["json"]:
            self.stdout.write(json.dumps(said, indent=2, ensure_ascii=False))
            return
        if said.get("unread"):
            self.stdout.write(left_out(said["unread"]))
        self.stdout.write(said["answer"])
        for row in said["rows"]:
            self.stdout.write(f"  {row['name']}: {row['text']}")
        if said["link"]:
            self.stdout.write(said["link"])


def _said(found: Answer | None, text: str = "", **more: Any) -> dict[str, Any]:
    if found is None:
        return {"plan": None, "answer": text, "rows": [], "link": "", **more}
    rows = [
        {"key": row.key, "name": row.name, "value": row.value, "text": row.text,
         "counted": row.counted, "out_of": row.out_of, "link": row.link}
        for row in found.rows
    ]  # fmt: skip
    return {
        "plan": to_json(found.plan), "answer": found.sentence, "rows": rows, "link": found.link,
        **more,
    }  # fmt: skip
