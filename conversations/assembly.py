"""Puts the assistant together for this process: settings, clocks and adapters meet here only."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from conversations import dispatch
from conversations.escalation.copilot import CopilotService
from conversations.inference.backend import GenerationBackend
from conversations.inference.extractive import Source, compared_texts
from conversations.inference.ladder import Ladder
from conversations.inference.registry import build_backend as build
from conversations.inference.remote_backend import RemoteBackend
from conversations.inference.remote_rungs import RemoteRung
from conversations.models import Article
from conversations.privacy.erasure import ErasureService
from conversations.privacy.retention import RetentionService
from conversations.retrieval.embedding import EmbeddingUnavailable, registry
from conversations.retrieval.likeness import Likeness
from conversations.retrieval.readings import article_embedder
from conversations.retrieval.search import KnowledgeSearch
from conversations.services.answer_cache import AnswerCacheService
from conversations.services.assistant import IntelligentAssistantService
from conversations.services.beginnings import beginnings
from conversations.services.calibration_store import CalibrationStore, CurrentCalibration
from conversations.services.drafting import EVIDENCE_RUNGS, EXTRACTIVE, Drafting
from conversations.services.error_limit import LiveLimit
from conversations.services.judging import SearchJudge
from conversations.services.keeper import LeaseKeeper
from conversations.services.memory import MemoryService
from portal import limits
from portal.conf import Config, secret
from portal.core.priority import stand_back

#: Articles whose sentences are compared in advance at a worker's start, and for how long.
MOST_WARMED, WARM_SECONDS = 500, 20.0
WARMING = 10  # how far what only saves time later stands back behind a question that is there

keeper = LeaseKeeper(interval=limits.HEARTBEAT)
_provider: list[Callable[[], Sequence[GenerationBackend]]] = [tuple]
_answering: set[int] = set()


def use_backends(provider: Callable[[], Sequence[GenerationBackend]]) -> None:
    """Name who gives the rungs of this process, best first; without one, passages are quoted."""
    _provider[0] = provider


def use_backend(provider: Callable[[], GenerationBackend | None]) -> None:
    """As `use_backends`, for a process with one rung."""
    use_backends(lambda: [found] if (found := provider()) is not None else [])


def current_backend() -> GenerationBackend | None:
    """The best rung of this process that can serve now. Asked for each turn: it may come and go."""
    return next((backend for backend in _backends() if backend.ready()), None)


@contextmanager
def busy() -> Iterator[None]:
    """Count a thread that answers a turn, for this worker's announcement."""
    me = threading.get_ident()
    _answering.add(me)
    try:
        yield
    finally:
        _answering.discard(me)


def answering() -> int:
    """How many turns are being answered in this process."""
    return len(_answering)


def _backends() -> Sequence[GenerationBackend]:
    return _provider[0]()


@cache
def ladder() -> Ladder:
    return Ladder(
        backends=_backends,
        breakers=dispatch.breakers,
        elsewhere=dispatch.rungs.best,
        order=dispatch.LADDER,
        budget=settings.CONFIG.first_token_budget,
        promise=limits.FIRST_TOKEN_PROMISE,
    )


def build_backend(config: Config, tier: str) -> GenerationBackend:
    """Load a rung's model. Raises BackendUnavailable with the operator's reason."""
    return build(replace(config, tier=tier))


def remote_backend(rung: RemoteRung) -> GenerationBackend:
    """A rung that another server runs; its key comes from the variable that it names."""
    return RemoteBackend(rung, secret(rung.key))


@cache
def search() -> KnowledgeSearch:
    return KnowledgeSearch(embedder=lambda: registry.get(settings.CONFIG.embedding))


@cache
def calibration() -> CurrentCalibration:
    return CurrentCalibration(CalibrationStore(settings.CONFIG.var / "calibration"))


@cache
def judge() -> SearchJudge:
    limit = LiveLimit(settings.CONFIG.max_error)
    return SearchJudge(search=search(), calibration=calibration(), max_error=limit)


@cache
def likeness() -> Likeness:
    return Likeness(article_embedder)


@cache
def drafting() -> Drafting:
    return Drafting(
        company=settings.CONFIG.company,
        reply_tokens=limits.REPLY_TOKENS,
        flush_seconds=limits.FLUSH_MS / 1000,
        flush_chars=limits.FLUSH_CHARS,
        now=timezone.now,
        similarity=likeness(),
    )


@cache
def answer_cache() -> AnswerCacheService:
    return AnswerCacheService(
        similarity=likeness(),
        enabled=lambda: bool(settings.CONFIG.answer_cache),
        rungs=(*dispatch.LADDER, EXTRACTIVE),
    )


@cache
def assistant() -> IntelligentAssistantService:
    return IntelligentAssistantService(
        judge=judge(),
        backend=current_backend,
        ladder=ladder(),
        wake=lambda turn_id, tried: dispatch.ring(turn_id, tried=tried),
        drafting=drafting(),
        cache=answer_cache(),
        memory=MemoryService(across=lambda: bool(settings.CONFIG.remember_customers)),
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


def erasure() -> ErasureService:
    return ErasureService(dispatch.stream_client, settings.CONFIG.var / "mail")


def retention() -> RetentionService:
    return RetentionService(settings.CONFIG, erasure())


def warm_up() -> None:
    """Load what the first question would otherwise wait for."""
    judge().warm_up()
    threading.Thread(target=_warm_likeness, name="warm-likeness", daemon=True).start()
    threading.Thread(target=_warm_prompts, name="warm-prompts", daemon=True).start()


def warm_prompts() -> None:
    """Have this process' models compute what the first prompts will begin with."""
    for backend in _backends():
        small = backend.name in EVIDENCE_RUNGS
        for messages in beginnings(company=settings.CONFIG.company, articles=not small):
            backend.warm(messages)


def _warm_prompts() -> None:
    stand_back(WARMING)
    try:
        warm_prompts()
    except DatabaseError:
        return  # a hint as well
    finally:
        connection.close()


def _warm_likeness() -> None:
    """The sentences of the help centre, so that the first quotation of an article is as quick as
    the second. A hint: nothing waits for it, and a large help centre is not finished."""
    stand_back(WARMING)
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
