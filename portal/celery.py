"""The Celery application. The database owns the turns; the broker only wakes a worker."""

import os

from celery import Celery

from portal import broker

broker.mend()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal", amqp="portal.broker:SteadyAMQP")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["conversations", "insights"])
app.autodiscover_tasks(["conversations"], related_name="worker")
