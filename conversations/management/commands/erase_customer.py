"""`manage.py erase_customer`: forget one person; what counts stays, without a face."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from conversations import assembly
from conversations.management.commands.export_customer import name_arguments, named


class Command(BaseCommand):
    help = "Erase every word and name of one person. It cannot be undone; export first if asked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        name_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="only say what was found")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *_args: Any, **options: Any) -> None:
        subject = named(options)
        found = f"{len(subject.conversations)} conversations, {len(subject.customers)} customers"
        for conversation in subject.conversations:
            self.stdout.write(f"  conversation {conversation}")
        self.stdout.write(f"found: {found}")
        if options["dry_run"]:
            return
        if not options["yes"] and input("Erase them for ever? Type yes: ").strip() != "yes":
            raise CommandError("Nothing was erased.")
        counts = assembly.erasure().erase(subject, now=timezone.now())
        for kind, count in sorted(counts.items()):
            if count:
                self.stdout.write(f"  {kind.replace('_', ' ')}: {count}")
        self.stdout.write("erased. Backups still hold them until they are thrown away.")
