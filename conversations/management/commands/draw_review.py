"""manage.py draw_review: fill the review queue, or draw the sample of one week."""

from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from conversations.services.review_queue import ReviewQueueService, monday_of
from portal import limits


class Command(BaseCommand):
    help = (
        "Puts into the review queue what beat puts there: last week's random sample and what "
        "customers complained of. With --week: the sample of that week."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--week", help="any day of it (2026-11-16), or `this` for the running week"
        )
        parser.add_argument("--size", type=int, default=limits.REVIEW_SAMPLE)
        parser.add_argument("--seed", type=int, help="default: the date of the Monday as a number")

    def handle(self, *args: Any, **options: Any) -> None:
        now, service = timezone.now(), ReviewQueueService()
        if not options["week"]:
            self.stdout.write(f"{service.fill(now=now)} turns came new into the queue")
            return
        if options["size"] < 1:
            raise CommandError("--size must be at least 1.")
        made = service.draw_week(
            week=_monday(options["week"]), size=options["size"], seed=options["seed"], now=now
        )
        if made is None:
            self.stdout.write("Nobody asked anything in that week.")
            return
        self.stdout.write(
            f"week of {made.week}: {made.size} of {made.population} turns, seed {made.seed}"
        )
        for name, population, drawn in made.strata:
            self.stdout.write(f"{drawn:5d} of {population:7d}  {name}")


def _monday(week: str) -> date:
    if week == "this":
        return monday_of(timezone.now())
    try:
        day = date.fromisoformat(week)
    except ValueError as exc:
        raise CommandError(f"--week {week!r} is no date; write it as 2026-11-16.") from exc
    return day - timedelta(days=day.weekday())
