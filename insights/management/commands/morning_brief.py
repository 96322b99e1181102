"""manage.py morning_brief: the brief as text, to the terminal or by e-mail."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import formats, timezone

from insights.briefing import BriefingService, as_text, message
from insights.dashboards.brief import brief
from insights.figures.figure import portal_zone
from insights.figures.periods import local_date


class Command(BaseCommand):
    help = "Say what changed, what is unusual and what to do next, each with its link."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", nargs="+", default=[], metavar="ADDRESS")
        parser.add_argument("--due", action="store_true", help="Send it to those who asked for it.")

    def handle(self, *_args: Any, **options: Any) -> None:
        now = timezone.now()
        if options["due"]:
            self.stdout.write(f"Sent to {BriefingService().send_due(now=now)}.")
            return
        found = brief(local_date(now, portal_zone()))
        if options["email"]:
            for address in options["email"]:
                message(found, address).send()
            self.stdout.write(f"Sent to {len(options['email'])}.")
            return
        day = formats.date_format(found.day, "l, j F Y")
        self.stdout.write(f"Morning brief, {day}\n\n{as_text(found, settings.CONFIG.address)}")
