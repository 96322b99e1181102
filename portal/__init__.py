"""The composition root: settings, wiring and the processes of Portal."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
