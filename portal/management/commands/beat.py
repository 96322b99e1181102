"""`manage.py beat`: rings the periodic tasks. One an installation; two do no harm."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from portal import beat, probes
from portal.celery import app
from portal.checks import OF_PORTAL


class Command(BaseCommand):
    help = "Run Celery's beat, which rings the sweeper and the other periodic tasks."
    requires_system_checks = (OF_PORTAL,)

    def handle(self, *_args: Any, **_options: Any) -> None:
        run = settings.CONFIG.var / "run"
        run.mkdir(parents=True, exist_ok=True)
        probes.start(settings.CONFIG.metrics_port, beat.liveness)
        app.start(
            [
                "beat",
                "--scheduler=portal.beat:PulsingScheduler",
                f"--schedule={run / 'beat-schedule'}",
                "--pidfile=",
                f"--loglevel={settings.CONFIG.log_level}",
            ]
        )
