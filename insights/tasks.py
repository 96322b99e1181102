"""Celery tasks of the insights: safe to run twice."""

from celery import shared_task
from django.utils import timezone

from conversations.retrieval.embedding import EmbeddingUnavailable, configured_embedder
from insights.briefing import BriefingService
from insights.ledger.refresh import LedgerService
from insights.themes.service import ThemeService
from portal import limits
from portal.core.priority import behind

REFRESH, THEMES, BRIEF = "insights.refresh", "insights.find_themes", "insights.send_brief"


@shared_task(name=REFRESH)
def refresh(**_: object) -> None:
    behind(limits.BACKGROUND, lambda: LedgerService().refresh(now=timezone.now()))


@shared_task(name=THEMES)
def find_themes(**_: object) -> None:
    service = ThemeService(embedder=configured_embedder)
    try:
        behind(
            limits.BACKGROUND,
            lambda: service.find(now=timezone.now(), most=limits.THEMES_AT_ONCE),
        )
    except EmbeddingUnavailable:
        return  # said in the log by the registry; the questions wait


@shared_task(name=BRIEF)
def send_brief(**_: object) -> None:
    BriefingService().send_due(now=timezone.now())
