"""The desk's queue: which escalations an agent sees, filtered and ordered, in a few queries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Least

from conversations.access import Agent
from conversations.escalation.rows import Viewer, rows, with_preview
from conversations.escalation.said import ended_lately, messages_that_say
from conversations.escalation.schedule import load_schedule
from conversations.models import AuditEntry, Escalation, Follow, Message
from portal.core.errors import InvalidInput

PAGE = 50
MAX_PAGES = 200
SOON = timedelta(minutes=15)
VIEWS = ("waiting", "mine", "all", "snoozed", "resolved")
_EQUALS = ("topic", "language", "reason")
_NUMBERS = ("priority", "team", "agent")
State = Escalation.State


@dataclass(frozen=True)
class QueueFilter:
    view: str = "waiting"
    q: str = ""
    equals: Mapping[str, Any] = field(default_factory=dict)
    sla: str = ""
    supervisor: bool = False
    followed: bool = False
    page: int = 1


def parse(query: Mapping[str, str]) -> QueueFilter:
    """Read a filter from a query string or a saved view. Raises InvalidInput."""
    view = query.get("view", "waiting") or "waiting"
    sla = query.get("sla", "")
    if view not in VIEWS or sla not in ("", "breached", "soon"):
        raise InvalidInput
    equals: dict[str, Any] = {name: query[name] for name in _EQUALS if query.get(name)}
    try:
        equals |= {name: int(query[name]) for name in _NUMBERS if query.get(name)}
        page = int(query.get("page", 1) or 1)
    except (TypeError, ValueError):
        raise InvalidInput from None
    if not 1 <= page <= MAX_PAGES or any(not -(2**31) < n < 2**31 for n in equals.values()
                                         if isinstance(n, int)):  # fmt: skip
        raise InvalidInput
    return QueueFilter(
        view=view,
        q=" ".join(str(query.get("q", "")).replace("\x00", "").split())[:200],
        equals=equals,
        sla=sla,
        supervisor=str(query.get("supervisor", "")) in ("1", "true"),
        followed=str(query.get("followed", "")) in ("1", "true"),
        page=page,
    )


def read_queue(agent: Agent, wanted: QueueFilter, now: datetime) -> dict[str, Any]:
    """A page of rows with the counts of the views. A constant number of queries."""
    start = (wanted.page - 1) * PAGE
    known = cursor()  # before the rows: what happens meanwhile is told as an event
    found = _ordered(_filtered(agent, wanted, now), wanted.view)
    page = list(with_preview(found, agent.id)[start : start + PAGE + 1])
    viewer = Viewer(agent.id, load_schedule(now), now)
    return {
        "rows": rows(page[:PAGE], viewer),
        "counts": counts(agent),
        "more": len(page) > PAGE,
        "page": wanted.page,
        "cursor": known,
    }


def counts(agent: Agent) -> dict[str, int]:
    """How many open escalations each view has; one query over the open ones only."""
    asleep = Q(snoozed_until__isnull=False)
    seen = Escalation.objects.open().filter(agent.visible)
    return seen.aggregate(
        waiting=Count("pk", filter=Q(state=State.WAITING)),
        mine=Count("pk", filter=Q(agent_id=agent.id, state=State.CLAIMED) & ~asleep),
        all=Count("pk"),
        snoozed=Count("pk", filter=asleep),
    )


def cursor() -> int:
    """The newest entry of the desk's log."""
    return AuditEntry.objects.aggregate(last=Max("id"))["last"] or 0


def _filtered(agent: Agent, wanted: QueueFilter, now: datetime) -> QuerySet[Escalation]:
    found = _of_view(agent, wanted.view).filter(agent.visible)
    columns = {"team": "team_id", "agent": "agent_id"}
    found = found.filter(
        **{columns.get(name, name): value for name, value in wanted.equals.items()}
    )
    if wanted.sla == "breached":
        found = found.exclude(breaches=[])
    elif wanted.sla == "soon":
        soon = now + SOON
        due = Q(first_response_at__isnull=True, first_response_due__lt=soon)
        found = found.filter(due | Q(next_response_due__lt=soon) | Q(resolution_due__lt=soon))
    if wanted.supervisor:
        found = found.filter(supervisor=True)
    if wanted.followed:
        mine = Follow.objects.filter(conversation=OuterRef("conversation"), agent_id=agent.id)
        found = found.filter(Exists(mine))
    if wanted.q and wanted.view == "resolved":
        said = messages_that_say(wanted.q, ended_lately(agent))
        found = found.filter(conversation__in={conversation for _message, conversation in said})
    elif wanted.q:
        found = found.filter(conversation__in=conversations_that_say(wanted.q))
    return found


def _of_view(agent: Agent, view: str) -> QuerySet[Escalation]:
    match view:
        case "waiting":
            return Escalation.objects.filter(state=State.WAITING)
        case "mine":
            return Escalation.objects.filter(
                state=State.CLAIMED, agent_id=agent.id, snoozed_until__isnull=True
            )
        case "snoozed":
            return Escalation.objects.filter(state=State.CLAIMED, snoozed_until__isnull=False)
        case "resolved":
            return Escalation.objects.ended()
        case _:
            return Escalation.objects.open()


def _ordered(found: QuerySet[Escalation], view: str) -> QuerySet[Escalation]:
    if view == "resolved":
        return found.order_by("-ended_at")
    if view == "mine":
        due = Coalesce("next_response_due", Least("first_response_due", "resolution_due"))
        return found.order_by(F("next_response_due").asc(nulls_last=True), due, "opened_at")
    return found.order_by("-priority", "opened_at")


def conversations_that_say(words: str) -> QuerySet[Any]:
    """Ids of the conversations in which these words were said, through the index of words."""
    said = Message.objects.annotate(words=SearchVector("text", config="english"))
    return said.filter(words=SearchQuery(words, config="english")).values("conversation")
