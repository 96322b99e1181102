import json
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from conversations import dispatch
from conversations.inference.rungs import RungReport, Rungs
from portal import health


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Health keeps what it knows for the life of a process; each test is a new one."""

    def clear() -> None:
        health._client.cache_clear()
        dispatch.rungs._cached = (0.0, [])
        health._at_head = False

    clear()
    yield
    clear()


def checks(client: Client, *, status: int) -> dict[str, dict[str, object]]:
    response = client.get("/readyz")
    assert response.status_code == status, response.content
    found: dict[str, dict[str, object]] = json.loads(response.content)["checks"]
    return found


def test_a_living_process_says_so_without_any_dependency(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})


@pytest.mark.django_db(transaction=True)
def test_every_dependency_is_named(client: Client) -> None:
    found = checks(client, status=200)
    assert set(found) == {"database", "migrations", "redis", "broker", "rungs", "embedding"}
    assert all(found[name]["ok"] for name in ("database", "migrations", "redis", "broker"))


@pytest.mark.django_db(transaction=True)
def test_without_a_model_the_portal_is_ready_and_says_how_it_answers(client: Client) -> None:
    rungs = checks(client, status=200)["rungs"]
    assert rungs["ok"] is False
    assert "quoted from the articles" in str(rungs["reason"])
    assert client.get("/readyz").json()["status"] == "degraded"


@pytest.mark.django_db(transaction=True)
def test_a_model_worker_that_announced_itself_is_seen(client: Client) -> None:
    report = RungReport(tier="cpu", worker="w", model="tiny", ready=True, at=time.time())
    Rungs(settings.REDIS_URL).announce(report)
    assert checks(client, status=200)["rungs"] == {"ok": True, "reason": "cpu: tiny"}


@pytest.mark.django_db(transaction=True)
def test_without_redis_the_portal_stays_ready(client: Client, settings: object) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    found = checks(client, status=200)
    assert found["redis"]["ok"] is False
    assert found["redis"]["reason"]
    assert found["broker"]["ok"] is False


@pytest.mark.django_db(transaction=True)
def test_a_missing_migration_makes_it_unready(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions' RETURNING app, name")
        app, name = cursor.fetchall()[0]
    try:
        found = checks(client, status=503)
        assert "manage.py migrate" in str(found["migrations"]["reason"])
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, now())",
                [app, name],
            )


def test_a_check_that_hangs_has_failed_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang() -> health.Finding:
        time.sleep(2)
        return health.Finding(ok=True)

    monkeypatch.setattr(health, "CHECKS", {"slow": hang})
    started = time.monotonic()
    assert health.look() == {"slow": health.Finding(ok=False, reason="no answer within a second")}
    assert time.monotonic() - started < 1.5


def test_metrics_are_in_prometheus_format(client: Client) -> None:
    response = client.get("/metrics")
    assert response.status_code == 200
    assert b"# TYPE portal_operation_seconds histogram" in response.content


def test_probes_refuse_to_be_posted_to(client: Client) -> None:
    assert client.post("/readyz").status_code == 405
