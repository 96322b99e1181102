"""Celery tasks of the insights: safe to run twice."""

from celery import shared_task
from django.utils import timezone

from insights.ledger.refresh import LedgerService

REFRESH = "insights.refresh"


@shared_task(name=REFRESH)
def refresh(**_: object) -> None:
    LedgerService().refresh(now=timezone.now())
