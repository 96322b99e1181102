"""What every test may use: a real PostgreSQL and Redis of its own, emptied between tests."""

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection
from pytest_django import DjangoDbBlocker

from portal import conf
from portal.embedded import Services
from tests.emptying import empty_quickly
from tests.live import LivePortal
from tests.sharing import LIVE, Sharing, group_of

#: What a running Celery worker needs to stay able to receive.
BROKER_PREFIXES = (b"_kombu", b"unacked")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """No garbage is collected while pytest parses the tests: CPython 3.11 may fail there with
    "SystemError: AST constructor recursion depth mismatch" (seen once in some twenty runs)."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    """How several processes share the tests (`-n`)."""
    return Sharing(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that the processes end together."""
    items.sort(key=lambda item: group_of(item.nodeid) != LIVE)


@pytest.fixture(scope="session", autouse=True)
def services() -> Iterator[None]:
    """The embedded services, unless DATABASE_URL and REDIS_URL name others."""
    users = Services(conf.load())
    users.acquire()
    yield
    users.release()


@pytest.fixture(scope="session")
def redis_client(services: None) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(settings.REDIS_URL)
    yield client
    client.close()


@pytest.fixture(autouse=True)
def empty_redis(redis_client: redis.Redis) -> Iterator[None]:
    """No test sees what another left in Redis."""
    yield
    keys = list(redis_client.scan_iter(count=1000))
    left = [key for key in keys if not bytes(key).startswith(BROKER_PREFIXES)]
    if left:
        redis_client.delete(*left)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """pytest-django's, whose end is not kept up by a connection that a test's thread left open."""
    with django_db_blocker.unblock():
        empty_quickly()
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session")
def service_environment(django_db_setup: None, services: None) -> dict[str, str]:
    """The environment of a process that works on this session's test database and Redis."""
    database = settings.DATABASES["default"]
    host, user = database["HOST"], database["USER"]
    login = f"{user}:{database['PASSWORD']}" if database["PASSWORD"] else user
    server = f":{database['PORT']}" if host.startswith("/") else f"{host}:{database['PORT']}"
    query = f"?host={host}" if host.startswith("/") else ""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": f"postgres://{login}@{server}/{database['NAME']}{query}",
        "REDIS_URL": settings.REDIS_URL,
        "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
    }


@pytest.fixture(scope="session")
def live_portal() -> Iterator[LivePortal]:
    """The whole portal, started by the one command, with a database of its own."""
    portal = LivePortal(settings.CONFIG.var / "live")
    portal.start()
    yield portal
    portal.stop()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of an installed Chromium. Without one the test is skipped, or fails in CI."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if found := shutil.which(name):
            return found
    if os.environ.get("PORTAL_REQUIRE_BROWSER"):
        pytest.fail("There is no Chromium, and PORTAL_REQUIRE_BROWSER is set.")
    pytest.skip("There is no Chromium on this machine.")
