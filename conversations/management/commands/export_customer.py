"""`manage.py export_customer`: everything that is kept of one person, in a zip."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from conversations.privacy.export import ExportService
from conversations.privacy.subject import Subject, find
from portal.core.errors import ServiceError


def name_arguments(parser: ArgumentParser) -> None:
    """How a person can be named, for this command and erase_customer."""
    parser.add_argument("--conversation", type=UUID, action="append", default=[])
    parser.add_argument("--identity", default="", help="as the host site signed it")
    parser.add_argument("--email", default="")


def named(options: dict[str, Any]) -> Subject:
    try:
        return find(
            conversations=options["conversation"],
            identity=options["identity"],
            email=options["email"],
        )
    except ServiceError as error:
        raise CommandError(error.detail) from error


class Command(BaseCommand):
    help = "Write everything that is kept of one person: data.json and a readable index.html."

    def add_arguments(self, parser: ArgumentParser) -> None:
        name_arguments(parser)
        parser.add_argument("--out", type=Path, required=True, help="the zip to write")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not options["out"].parent.is_dir():
            raise CommandError(f"There is no folder {options['out'].parent}.")
        count = ExportService().write(named(options), options["out"], now=timezone.now())
        self.stdout.write(f"{options['out']}: {count} conversations")
