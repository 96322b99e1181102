"""`manage.py backup`: everything that cannot be made again, in one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.backup.dump import BackupService


class Command(BaseCommand):
    help = "Write a backup of the whole record while the portal goes on. Keep the file secret."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, required=True, help="the file to write")

    def handle(self, *_args: Any, **options: Any) -> None:
        out: Path = options["out"]
        if not out.parent.is_dir():
            raise CommandError(f"There is no folder {out.parent}.")
        manifest = BackupService(settings.CONFIG).write(out, now=timezone.now())
        rows = sum(table.rows for table in manifest.tables)
        size = out.stat().st_size / (1 << 20)
        self.stdout.write(f"{out}: {rows} rows of {len(manifest.tables)} tables, {size:.1f} MiB")
