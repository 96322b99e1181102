"""`manage.py chaos`: faults at random moments under load, and the count of what was lost."""

import asyncio
import json
import signal
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from conversations.management.commands.loadtest import DEMO_QUESTIONS, read_questions
from portal import preparation
from portal.chaos.experiment import Plan, broken_promises, experiment
from portal.chaos.faults import FAULTS, schedule
from portal.chaos.machine import Machine, NotRunning


class Command(BaseCommand):
    help = "Harm a portal of its own under load, and count what customers lose by it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--faults", type=int, default=60)
        parser.add_argument("--questions", type=int, default=500)
        parser.add_argument("--conversations", type=int, default=8)
        parser.add_argument("--think", type=float, default=1.0, help="seconds between questions")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--seconds", type=float, default=0, help="no more faults after so long; 0: all of them"
        )
        parser.add_argument("--only", action="append", default=[], help=f"of: {', '.join(FAULTS)}")
        parser.add_argument("--port", type=int, default=settings.CONFIG.port + 90)
        parser.add_argument(
            "--folder",
            type=Path,
            default=settings.CONFIG.var / "chaos",
            help="state folder of the portal that is harmed; it is kept for a look afterwards",
        )
        parser.add_argument(
            "--attach", action="store_true", help="harm the portal that runs in --folder already"
        )
        parser.add_argument(
            "--overlap",
            action="store_true",
            help="harm one worker also while the other is still starting",
        )
        parser.add_argument(
            "--budget",
            type=float,
            default=0.0,
            help="the portal's PORTAL_FIRST_TOKEN_BUDGET; 10 has the model write on a busy machine",
        )
        parser.add_argument("--cache", action="store_true", help="with the answer cache")
        parser.add_argument("--json", type=Path, help="write the report to this file")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            names = schedule(options["faults"], options["only"], Random(options["seed"]))
        except ValueError as error:
            raise CommandError(str(error)) from error
        plan = Plan(
            faults=tuple(names),
            questions=options["questions"],
            conversations=options["conversations"],
            think=options["think"],
            texts=(*read_questions(DEMO_QUESTIONS), *read_questions(preparation.DEMO_ARTICLES)),
            seed=options["seed"],
            overlap=options["overlap"],
            seconds=options["seconds"],
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)  # the portal is stopped with us
        folder = options["folder"].resolve()
        machine = Machine(replace(settings.CONFIG, var=folder), port=options["port"])
        try:
            found = self._run(machine, plan, options)
        except NotRunning as error:
            raise CommandError(str(error)) from error
        finally:
            machine.stop()
        text = json.dumps(found, indent=2)
        if options["json"]:
            options["json"].write_text(text + "\n")
        self.stdout.write(text)
        if broken := broken_promises(found):
            raise CommandError("Not kept: " + "; ".join(broken))
        self.stdout.write("Nothing lost, nothing doubled, nothing out of order; all turns ended.")

    def _run(self, machine: Machine, plan: Plan, options: dict[str, Any]) -> dict[str, Any]:
        if options["attach"]:
            machine.attach()
        else:
            self._share_models(machine)
            self._say(f"starting a portal in {machine.layout.var}")
            cache = "true" if options["cache"] else "false"
            extra = {"PORTAL_ANSWER_CACHE": cache, "PORTAL_LIMIT_FACTOR": "0"}
            if options["budget"]:
                extra["PORTAL_FIRST_TOKEN_BUDGET"] = str(options["budget"])
            machine.start(extra=extra)
        return asyncio.run(experiment(plan, machine, self._say))

    def _share_models(self, machine: Machine) -> None:
        """The converted model of this installation serves there too."""
        mine, there = settings.CONFIG.var / "models", machine.layout.var / "models"
        machine.layout.var.mkdir(parents=True, exist_ok=True)
        mine.mkdir(parents=True, exist_ok=True)
        if not there.exists():
            there.symlink_to(mine, target_is_directory=True)

    def _say(self, line: str) -> None:
        self.stderr.write(line)
        self.stderr.flush()
