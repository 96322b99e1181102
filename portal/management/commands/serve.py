"""`manage.py serve`: the web process."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import get_resolver

from portal import health, heap, probes
from portal.serve import serve

#: An event loop that has not turned for so long will not turn again.
STUCK_SECONDS = 15.0


class Command(BaseCommand):
    help = "Serve HTTP and WebSockets until SIGTERM, then drain."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.CONFIG.host)
        parser.add_argument("--port", type=int, default=settings.CONFIG.port)

    def handle(self, *_args: Any, **options: Any) -> None:
        # What loads every consumer is not for --help.
        from conversations.streaming.feed import end_feeds  # noqa: PLC0415
        from portal.asgi import application  # noqa: PLC0415

        host, port = options["host"], options["port"]
        liveness = probes.Liveness(patience=STUCK_SECONDS)
        probes.start(
            settings.CONFIG.metrics_port,
            liveness,
            well=lambda: health.is_ready(health.look()),
            metrics=health.all_metrics,
        )

        get_resolver().check()  # loads every page now, not with somebody's first request

        def listening() -> None:
            heap.settle()
            liveness.ready()
            self.stdout.write(f"listening on http://{host}:{port}/")

        def pulse(draining: bool) -> None:
            liveness.beat()
            if draining:
                liveness.leave()

        failure = serve(
            application,
            host=host,
            port=port,
            ready=listening,
            pulse=pulse,
            on_drain=end_feeds,
        )
        if failure:
            raise CommandError(f"{failure} Choose another port: make run PORT={port + 1}")
