"""manage.py prepare_model [--gpu]: make the models ready to load."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.inference.backend import BackendUnavailable
from conversations.inference.weights import prepare_default
from conversations.inference.weights_hub import Hub, fetch


class Command(BaseCommand):
    help = (
        "Converts the packaged small Llama once and checks it; with --gpu, fetches the gpu rung's "
        "model from the hub at its pinned revision. Does nothing for what is ready."
    )
    requires_system_checks: list[str] = []  # needs neither the database nor the pages

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--gpu", action="store_true", help="also PORTAL_GPU_MODEL")

    def handle(self, *_args: Any, **options: Any) -> None:
        config, progress = settings.CONFIG, options["verbosity"] > 0
        try:
            folder = prepare_default(config.var, progress=progress)
            if options["gpu"] and not Path(config.gpu_model).is_dir():
                hub = Hub(config.hub.rstrip("/"), config.hub_token)
                revision = config.gpu_model_revision
                large = fetch(hub, config.gpu_model, revision, config.var, progress=progress)
                self.stdout.write(f"The gpu model is ready: {large.name}")
        except BackendUnavailable as exc:
            raise CommandError(exc.reason) from exc
        self.stdout.write(f"The model is ready: {folder.name}")
