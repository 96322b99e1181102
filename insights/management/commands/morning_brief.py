"""manage.py morning_brief: the brief as text, to the terminal or by e-mail."""

from typing import Any

from django.core.mail import send_mail
from django.core.management.base import BaseCommand, CommandParser
from django.utils import formats, timezone

from insights.dashboards.brief import Brief, Line, brief
from insights.figures.figure import portal_zone
from insights.figures.periods import local_date


class Command(BaseCommand):
    help = "Say what changed, what is unusual and what to do next, each with its link."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", nargs="+", default=[], metavar="ADDRESS")
        parser.add_argument("--base", default="", help="Address before the links: https://host")

    def handle(self, *_args: Any, **options: Any) -> None:
        found = brief(local_date(timezone.now(), portal_zone()))
        day = formats.date_format(found.day, "l, j F Y")
        text = as_text(found, options["base"])
        if options["email"]:
            send_mail(f"Morning brief, {day}", text, None, options["email"])
            self.stdout.write(f"Sent to {len(options['email'])}.")
            return
        self.stdout.write(f"Morning brief, {day}\n\n{text}")


def as_text(found: Brief, base: str) -> str:
    parts = (
        ("Alerts", found.alerts),
        ("What is unusual", found.unusual),
        ("What changed", found.changed),
        ("What to do next", found.next_steps),
    )
    return "\n\n".join(f"{name}\n{_lines(lines, base)}" for name, lines in parts if lines)


def _lines(lines: tuple[Line, ...], base: str) -> str:
    return "\n".join(f"- {line.text}\n  {base}{line.link}" for line in lines)
