from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from django.conf import settings  # noqa: PLC0415 (not before the applications are loaded)

        from portal import checks, telemetry  # noqa: F401, PLC0415 (registers the checks)

        telemetry.configure(settings.CONFIG.traces, share=settings.CONFIG.trace_share)
