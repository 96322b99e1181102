"""manage.py prepare_model: make the default model ready to load."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from conversations.inference.backend import BackendUnavailable
from conversations.inference.weights import prepare_default


class Command(BaseCommand):
    help = "Converts the packaged small Llama once and checks it; does nothing when it is ready."
    requires_system_checks: list[str] = []  # needs neither the database nor the pages

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            folder = prepare_default(settings.CONFIG.var, progress=options["verbosity"] > 0)
        except BackendUnavailable as exc:
            raise CommandError(exc.reason) from exc
        self.stdout.write(f"The model is ready: {folder.name}")
