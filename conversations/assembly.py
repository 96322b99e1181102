"""Puts the assistant together for this process: settings, clocks and adapters meet here only."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from conversations import dispatch
from conversations.dialogue.calibration import load_or_conservative
from conversations.escalation.copilot import CopilotService
from conversations.inference.backend import GenerationBackend
from conversations.inference.extractive import Source, compared_texts
from conversations.inference.registry import build_backend as build
from conversations.models import Article
from conversations.retrieval.embedding import EmbeddingUnavailable, registry
from conversations.retrieval.likeness import Likeness
from conversations.retrieval.search import KnowledgeSearch
from conversations.services.answer_cache import AnswerCacheService
from conversations.services.assistant import IntelligentAssistantService
from conversations.services.drafting import Drafting
from conversations.services.judging import SearchJudge
from conversations.services.keeper import LeaseKeeper
from portal import limits
from portal.conf import Config
from portal.core.events import emit

#: Articles whose sentences are compared in advance at a worker's start, and for how long.
MOST_WARMED, WARM_SECONDS = 500, 20.0

keeper = LeaseKeeper(interval=limits.HEARTBEAT)
_provider: list[Callable[[], GenerationBackend | None]] = [lambda: None]


def use_backend(provider: Callable[[], GenerationBackend | None]) -> None:
    """Name who gives the model of this process; without one, passages are quoted."""
    _provider[0] = provider


def current_backend() -> GenerationBackend | None:
    """The model of this process when it can serve now. Asked for each turn: it may come and go."""
    return _provider[0]()


def build_backend(config: Config, tier: str) -> GenerationBackend:
    """Load a rung's model. Raises BackendUnavailable with the operator's reason."""
    return build(replace(config, tier=tier))


@cache
def search() -> KnowledgeSearch:
    return KnowledgeSearch(embedder=lambda: registry.get(settings.CONFIG.embedding))


@cache
def judge() -> SearchJudge:
    calibration, problem = load_or_conservative()
    if problem:
        emit("calibration.refused", level=logging.ERROR, reason=problem)
    return SearchJudge(
        search=search(), calibration=calibration, max_error=settings.CONFIG.max_error
    )


@cache
def likeness() -> Likeness:
    return Likeness(lambda: registry.get(settings.CONFIG.embedding))


@cache
def drafting() -> Drafting:
    return Drafting(
        company=settings.CONFIG.company,
        reply_tokens=limits.REPLY_TOKENS,
        flush_seconds=limits.FLUSH_MS / 1000,
        flush_chars=limits.FLUSH_CHARS,
        now=timezone.now,
        similarity=likeness(),
        first_token_budget=limits.FIRST_TOKEN_BUDGET,
    )


@cache
def answer_cache() -> AnswerCacheService:
    return AnswerCacheService(
        similarity=likeness(), enabled=lambda: bool(settings.CONFIG.answer_cache)
    )


@cache
def assistant() -> IntelligentAssistantService:
    return IntelligentAssistantService(
        judge=judge(),
        backend=current_backend,
        drafting=drafting(),
        cache=answer_cache(),
        open_stream=dispatch.open_stream,
        keeper=keeper,
        ring=dispatch.ring_doorbell,
        now=timezone.now,
    )


@cache
def copilot() -> CopilotService:
    return CopilotService(
        judge=judge(),
        backend=current_backend,
        drafting=drafting(),
        open_stream=dispatch.open_stream,
        client=dispatch.stream_client,
    )


def warm_up() -> None:
    """Load what the first question would otherwise wait for."""
    judge().warm_up()
    threading.Thread(target=_warm_likeness, name="warm-likeness", daemon=True).start()


def _warm_likeness() -> None:
    """The sentences of the help centre, so that the first quotation of an article is as quick as
    the second. A hint: nothing waits for it, and a large help centre is not finished."""
    articles = Article.objects.published().order_by("-updated_at")[:MOST_WARMED]
    sources = (Source(1, item.title, "", "", item.body) for item in articles)
    try:
        likeness().warm(
            (text for source in sources for text in compared_texts(source)), seconds=WARM_SECONDS
        )
    except (EmbeddingUnavailable, DatabaseError):
        return
    finally:
        connection.close()
