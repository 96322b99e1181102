"""`manage.py serve`: the web process."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.serve import serve


class Command(BaseCommand):
    help = "Serve HTTP and WebSockets until SIGTERM, then drain."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.CONFIG.host)
        parser.add_argument("--port", type=int, default=settings.CONFIG.port)

    def handle(self, *_args: Any, **options: Any) -> None:
        from portal.asgi import application  # noqa: PLC0415 (loads every consumer: not for --help)

        host, port = options["host"], options["port"]
        failure = serve(
            application,
            host=host,
            port=port,
            ready=lambda: self.stdout.write(f"listening on http://{host}:{port}/"),
        )
        if failure:
            raise CommandError(f"{failure} Choose another port: make run PORT={port + 1}")
