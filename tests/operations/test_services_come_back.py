"""The embedded services come back, whatever state the ones before were left in."""

import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psutil
import pytest
from django.conf import settings

from portal.embedded import Services, redis
from portal.embedded.guard import running
from portal.embedded.layout import Layout
from portal.embedded.redis import Redis
from portal.management.commands.run import Command


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    layout = Layout(replace(settings.CONFIG, var=tmp_path).var)
    layout.prepare()
    yield layout
    if server := running(layout.run / "redis.pid", "redis-server"):
        server.kill()


def pid_of(layout: Layout) -> int:
    return int((layout.run / "redis.pid").read_text())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_redis_that_is_ending_is_waited_for_and_its_successor_keeps_the_socket(
    layout: Layout, how: signal.Signals
) -> None:
    assert Redis(layout).start()
    for _ in range(3):
        old = psutil.Process(pid_of(layout))
        old.send_signal(how)
        while not Redis(layout).start():
            time.sleep(0.01)  # it had not noticed yet
        time.sleep(0.2)
        assert pid_of(layout) != old.pid
        assert Redis(layout)._answers()


def test_redis_that_hangs_is_replaced_and_one_that_is_busy_is_left(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Redis(layout).start()
    first = psutil.Process(pid_of(layout))
    assert not Redis(layout).start()
    monkeypatch.setattr(redis, "PREDECESSOR_SECONDS", 0.3)
    first.send_signal(signal.SIGSTOP)
    assert Redis(layout).start()
    assert pid_of(layout) != first.pid
    assert not first.is_running() or first.status() == psutil.STATUS_ZOMBIE


def test_a_service_that_does_not_start_never_ends_the_portal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def revive() -> list[str]:
        raise RuntimeError("Redis did not start.")

    said: list[str] = []
    command = Command()
    monkeypatch.setattr(command, "say", said.append)
    command._revive(cast(Services, SimpleNamespace(revive=revive)))
    assert said == ["Redis did not start. It is tried again."]
