"""How long pages and questions take here, now: each asked again and again, as a browser would."""

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from os import cpu_count, getloadavg, sysconf
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from insights.ask import vocabulary
from insights.ask.answer import answer
from insights.ask.reading import Understood
from insights.ask.rules import read
from insights.figures.figure import portal_zone
from insights.figures.periods import last_days, local_date
from insights.models import ConversationFact
from insights.navigation import PAGES
from portal.heap import settle

PAGE_BUDGET_MS, QUESTION_BUDGET_MS = 300, 400
QUESTIONS = (
    "how many conversations last month",
    "escalation rate by topic last week",
    "why did escalations go up last week?",
    "median wait on Mondays for returns in German",
    "which article should we write next?",
    "what did the assistant save last month against the month before?",
    "p95 time to first token per day in the last 90 days",
    "csat by agent in the last 30 days against the 30 days before",
    "different people by channel last month",
    "why did automation drop last month?",
)


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one page or question over several rounds.

    `cpu` is the mean computing time of this process and its database backend together, which other
    work on the machine hardly changes; None where the database is not on this machine.
    """

    what: str
    p50: float
    p95: float
    worst: float
    kept: bool
    cpu: float | None


def measure(*, rounds: int, days: int, progress: Callable[[int], object]) -> dict[str, Any]:
    """Time every page and the questions above. Reads only; needs an account that may see all."""
    period = last_days(timezone.now(), portal_zone(), days)
    span = urlencode({"period": f"{period.start}/{period.end}"})
    with _reader() as client:
        _get(client, f"{reverse(PAGES[0][1])}?{span}")
        settle()  # as a web process does once it has loaded everything
        pages = [
            _timed(key, partial(_get, client, f"{reverse(name)}?{span}"), rounds,
                   PAGE_BUDGET_MS, progress)
            for key, name, _title in PAGES
        ]  # fmt: skip
    today = local_date(timezone.now(), portal_zone())
    asked = [
        _timed(text, partial(_ask, text, today), rounds, QUESTION_BUDGET_MS, progress)
        for text in QUESTIONS
    ]
    return {
        "machine": _machine(),
        "conversations": ConversationFact.objects.count(),
        "days": days,
        "rounds": rounds,
        "pages": [asdict(item) for item in pages],
        "questions": [asdict(item) for item in asked],
    }


def _timed(
    what: str, run: Callable[[], None], rounds: int, budget: int, progress: Callable[[int], object]
) -> Timing:
    run()  # once outside the count: templates and plans are read
    took = []
    before = _computed()
    for _ in range(rounds):
        started = time.perf_counter()
        run()
        took.append((time.perf_counter() - started) * 1000)
        progress(1)
    after = _computed()
    cpu = None if None in (before, after) else round((after or 0) - (before or 0), 1) / rounds
    took.sort()
    p50, p95 = (took[min(rounds - 1, int(share * rounds))] for share in (0.5, 0.95))
    return Timing(what, round(p50, 1), round(p95, 1), round(took[-1], 1), p95 <= budget,
                  None if cpu is None else round(cpu, 1))  # fmt: skip


def _computed() -> float | None:
    """Milliseconds of computing so far: this process's and its database backend's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid(), inet_server_addr() IS NULL")
        backend, is_local = cursor.fetchone()
    stat = Path(f"/proc/{backend}/stat")
    if not is_local or not stat.exists():
        return None
    ticks = sum(int(part) for part in stat.read_text().rpartition(")")[2].split()[11:13])
    return time.process_time() * 1000 + ticks * 1000 / sysconf("SC_CLK_TCK")


def _get(client: Client, address: str) -> None:
    response = client.get(address)
    if response.status_code != 200:
        raise RuntimeError(f"{address} answered {response.status_code}")


def _ask(text: str, today: Any) -> None:
    found = read(text, vocabulary=vocabulary.current(), today=today)
    if not isinstance(found, Understood):
        raise TypeError(f"not understood: {text}")
    answer(found.plan)


@contextmanager
def _reader() -> Iterator[Client]:
    """A browser of an account that is made for this and removed afterwards."""
    user = get_user_model().objects.create_superuser(f"benchmark-{time.time_ns()}")
    try:
        host = next((name for name in settings.ALLOWED_HOSTS if name != "*"), "localhost")
        client = Client(HTTP_HOST=host.lstrip(".") or "localhost")
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        yield client
    finally:
        user.delete()


def _machine() -> dict[str, Any]:
    return {
        "cores": cpu_count(), "load": round(getloadavg()[0], 2),
        "python": platform.python_version(), "date": timezone.now().date().isoformat(),
    }  # fmt: skip
