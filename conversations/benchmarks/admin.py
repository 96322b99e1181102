"""Times every page of the admin as a browser would ask for it, with its queries."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.urls import reverse

REPEATS = 7
#: Lists with a filter, a search or a far page, beside the plain list of every model.
VARIANTS: tuple[tuple[str, str], ...] = (
    ("conversation", "status__exact=open"),
    ("conversation", "holder__exact=nobody"),
    ("conversation", "channel=email&p=40"),
    ("conversation", "q=parcel"),
    ("conversation", "q=turquoise+zeppelin"),
    ("conversation", "p=100"),
    ("turn", "decision__exact=clarify&tier="),
    ("turn", "state__exact=failed"),
    ("turn", "reason=complaint"),
    ("turn", "q=refund+invoice"),
    ("turn", "q=warranty"),
    ("turn", "p=100"),
    ("message", "author__exact=assistant"),
    ("message", "q=delivery"),
    ("message", "q=nothingsaidthis"),
    ("escalation", "reason__exact=complaint"),
    ("escalation", "q=gift"),
    ("customer", "q=customer3000"),
    ("customer", "q=nobody@nowhere.example"),
    ("rating", "score__exact=-1"),
    ("auditentry", "action=claimed"),
    ("reviewitem", "state=all&q=parcel"),
    ("reviewitem", "why=thumbs_down"),
)  # fmt: skip


@dataclass(frozen=True)
class Timing:
    """One page: its queries, and its milliseconds over REPEATS calls after one that warms up.

    On a machine that does other things, `best_ms` is nearest to what the page itself takes.
    """

    name: str
    queries: int
    best_ms: float
    p50_ms: float
    worst_ms: float
    slowest_query_ms: float


def addresses() -> Iterator[tuple[str, str]]:
    """Name and address of each page: the index, each list, its variants, one row of each."""
    yield "index", reverse("admin:index")
    for model in sorted(admin.site._registry, key=lambda item: item._meta.model_name or ""):
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        listed = reverse(f"admin:{label}_changelist")
        yield f"{model._meta.model_name} list", listed
        for name, query in VARIANTS:
            if name == model._meta.model_name:
                yield f"{name} list ?{query}", f"{listed}?{query}"
        newest: Any = model._default_manager.order_by().first()
        if newest is not None:
            yield (
                f"{model._meta.model_name} page",
                reverse(f"admin:{label}_change", args=[newest.pk]),
            )


def measure() -> Iterator[Timing]:
    """Ask for every page as a superuser. Raises AssertionError for one that is not served."""
    user, _ = get_user_model().objects.get_or_create(
        username="admin-benchmark", defaults={"is_staff": True, "is_superuser": True}
    )
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    for name, address in addresses():
        if client.get(address).status_code != 302:  # a page number beyond the end
            yield _time(client, name, address)


class Watch:
    """Counts the queries that pass and keeps the slowest one's milliseconds."""

    def __init__(self) -> None:
        self.queries, self.slowest_ms = 0, 0.0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began = perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.queries += 1
            self.slowest_ms = max(self.slowest_ms, (perf_counter() - began) * 1000)


def _time(client: Client, name: str, address: str) -> Timing:
    watch = Watch()
    with connection.execute_wrapper(watch):
        answer = client.get(address)
    assert answer.status_code == 200, f"{address} answered {answer.status_code}"
    times = []
    for _ in range(REPEATS):
        began = perf_counter()
        client.get(address)
        times.append((perf_counter() - began) * 1000)
    found = median(times)
    return Timing(name, watch.queries, min(times), found, max(times), watch.slowest_ms)
