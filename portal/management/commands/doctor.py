"""`manage.py doctor`: what is wrong with this installation, and what to do."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from portal.doctor.examination import as_json, examine, worst
from portal.doctor.finding import Level

MARKS = {Level.WELL: "  well ", Level.WARNING: "  mind ", Level.FAULT: "  WRONG"}


class Command(BaseCommand):
    help = "Examine this installation. Exit status: 0 all well, 1 something to mind, 2 a fault."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="findings for machines")
        parser.add_argument("--quiet", action="store_true", help="only what is not well")

    def handle(self, *_args: Any, **options: Any) -> None:
        findings = examine()
        if options["json"]:
            self.stdout.write(as_json(findings))
        else:
            for finding in sorted(findings, key=lambda item: item.level):
                if finding.level == Level.WELL and options["quiet"]:
                    continue
                self.stdout.write(f"{MARKS[finding.level]}  {finding.text}")
                if finding.todo:
                    self.stdout.write(f"           → {finding.todo}")
        self.stdout.flush()
        if worst(findings):
            sys.exit(int(worst(findings)))
