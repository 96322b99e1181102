"""Celery tasks: ids in, one service call each, safe to run twice."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from conversations import assembly, dispatch
from conversations.escalation.mailing import MailingService
from conversations.escalation.watch import DeskWatchService
from conversations.retrieval.embedding import configured_embedder
from conversations.services.knowledge import KnowledgeService
from conversations.services.review_queue import ReviewQueueService
from conversations.services.sweeper import SweeperService
from portal import limits
from portal.core.priority import behind


@shared_task(name=dispatch.REPLY)
def reply(*, turn_id: str, route: list[dict[str, Any]] | None = None, **_: object) -> None:
    with assembly.busy():
        assembly.assistant().reply(turn_id=UUID(turn_id), route=route or ())


@shared_task(name=dispatch.SWEEP)
def sweep_turns(**_: object) -> None:
    SweeperService().sweep(now=timezone.now())


@shared_task(name=dispatch.WATCH)
def watch_desk(**_: object) -> None:
    DeskWatchService().watch(now=timezone.now())


@shared_task(name=dispatch.MAIL)
def mail_customers(**_: object) -> None:
    MailingService().send_due(now=timezone.now())


@shared_task(name=dispatch.SUGGEST)
def suggest(*, request: str, conversation_id: str, **_: object) -> None:
    assembly.copilot().suggest(request=UUID(request), conversation_id=UUID(conversation_id))


@shared_task(name=dispatch.REWRITE)
def rewrite(*, request: str, conversation_id: str, **_: object) -> None:
    assembly.copilot().rewrite(request=UUID(request), conversation_id=UUID(conversation_id))


@shared_task(name=dispatch.RETAIN)
def apply_retention(**_: object) -> None:
    behind(limits.BACKGROUND, lambda: assembly.retention().apply(now=timezone.now()))


@shared_task(name=dispatch.RENEW)
def renew_knowledge(**_: object) -> None:
    KnowledgeService(embedder=configured_embedder).renew()


@shared_task(name=dispatch.FILL_REVIEW)
def fill_review(**_: object) -> None:
    behind(limits.BACKGROUND, lambda: ReviewQueueService().fill(now=timezone.now()))
