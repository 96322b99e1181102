"""`manage.py restore`: a backup into an empty database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.backup.archive import UnusableBackup
from portal.backup.load import NotEmpty, RestoreService


class Command(BaseCommand):
    help = "Fill an empty database from a backup. Stop the portal before."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--force", action="store_true", help="drop what the database holds now")

    def handle(self, *_args: Any, **options: Any) -> None:
        service = RestoreService(settings.CONFIG)
        try:
            manifest = service.read(options["file"], force=options["force"], say=self._say)
        except UnusableBackup as error:
            raise CommandError(f"{options['file']} cannot be restored. {error}") from error
        except NotEmpty as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"restored as of {manifest.created_at}")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
