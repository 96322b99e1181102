"""The life cycle of the embedded services, with real ones in a state folder of each test."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from portal import conf
from portal.embedded import Layout, Services, addresses, services_for
from portal.embedded.lifecycle import needs_services

USER = """
import sys, time
from portal import conf
from portal.embedded import Services
services = Services(conf.load())
services.acquire()
print("up", flush=True)
sys.stdin.readline()
services.release()
print("down", flush=True)
"""


@pytest.fixture
def config(tmp_path: Path) -> Iterator[conf.Config]:
    config = dataclasses.replace(conf.Config(), var=tmp_path / "var")
    yield config
    for process in living(config.var):
        process.kill()
    with contextlib.suppress(OSError):
        for path in Layout(config.var).runtime.rglob("*"):
            path.unlink() if not path.is_dir() else None


def living(var: Path) -> list[psutil.Process]:
    """The processes that serve or guard a state folder."""
    marks = (str(var), str(Layout(var).runtime))
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = " ".join(process.cmdline())
            if any(mark in line for mark in marks) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def wait_until_gone(var: Path, *, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while living(var):
        assert time.monotonic() < deadline, living(var)
        time.sleep(0.02)


def works(config: conf.Config) -> bool:
    given = addresses(config)
    database = given.database
    with (
        psycopg.connect(
            host=database["HOST"], user=database["USER"], dbname=database["NAME"]
        ) as connection,
        redis.Redis.from_url(given.redis) as client,
    ):
        row = connection.execute("SELECT '[1,2]'::vector::text").fetchone()
        return row == ("[1,2]",) and bool(client.ping())


def other_user(config: conf.Config) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", USER],
        env={**os.environ, "PORTAL_VAR": str(config.var), "DATABASE_URL": "", "REDIS_URL": ""},
        cwd=conf.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def test_the_services_start_work_and_leave_no_process_behind(config: conf.Config) -> None:
    services = Services(config)
    assert services.acquire() == ["Postgres", "Redis"]
    assert works(config)
    services.release()
    assert living(config.var) == []


def test_data_survives_a_restart(config: conf.Config) -> None:
    given = addresses(config)
    for run in range(2):
        services = Services(config)
        services.acquire()
        with redis.Redis.from_url(given.redis) as client:
            assert client.incr("runs") == run + 1
        services.release()


def test_nothing_listens_on_tcp(config: conf.Config) -> None:
    services = Services(config)
    services.acquire()
    try:
        for process in living(config.var):
            assert process.net_connections(kind="tcp") == []
    finally:
        services.release()


def test_the_last_user_stops_the_services_and_not_the_first(config: conf.Config) -> None:
    first = Services(config)
    first.acquire()
    second = other_user(config)
    first.release()
    assert works(config)
    second.communicate("\n")
    assert living(config.var) == []


def test_after_a_user_is_killed_the_guard_stops_the_services(config: conf.Config) -> None:
    user = other_user(config)
    assert works(config)
    user.send_signal(signal.SIGKILL)
    user.wait()
    wait_until_gone(config.var)


def test_a_start_right_after_a_kill_works(config: conf.Config) -> None:
    user = other_user(config)
    user.kill()
    user.wait()
    services = Services(config)
    services.acquire()
    assert works(config)
    services.release()
    wait_until_gone(config.var)


def test_stale_pid_files_of_a_machine_that_lost_power_do_no_harm(config: conf.Config) -> None:
    services = Services(config)
    services.acquire()
    victims = living(config.var)
    for process in victims:
        process.kill()
    wait_until_gone(config.var)
    layout = Layout(config.var)
    (layout.run / "redis.pid").write_text(f"{os.getpid()}\n")  # the id belongs to another now
    assert (layout.postgres / "data" / "postmaster.pid").exists()
    assert services.revive() == ["Postgres", "Redis"]
    assert works(config)
    services.release()
    wait_until_gone(config.var)


def test_services_that_die_are_revived(config: conf.Config) -> None:
    services = Services(config)
    services.acquire()
    assert services.revive() == []
    with redis.Redis.from_url(addresses(config).redis) as client:
        psutil.Process(client.info()["process_id"]).kill()
    time.sleep(0.1)
    assert services.revive() == ["Redis"]
    assert works(config)
    services.release()


def test_a_very_long_state_folder_works(config: conf.Config) -> None:
    long = dataclasses.replace(config, var=config.var / ("long" * 20) / ("name" * 20))
    services = Services(long)
    services.acquire()
    assert works(long)
    services.release()
    assert living(long.var) == []


def test_given_services_are_not_started(config: conf.Config) -> None:
    given = dataclasses.replace(config, database_url="postgres://db/x", redis_url="redis://r")
    services = Services(given)
    assert services.acquire() == []
    services.release()
    assert not config.var.exists()


def test_a_runtime_folder_of_somebody_else_is_refused(config: conf.Config) -> None:
    runtime = Layout(config.var).runtime
    runtime.symlink_to(config.var.parent)
    try:
        with pytest.raises(RuntimeError, match="belongs to somebody else"):
            Services(config).acquire()
    finally:
        runtime.unlink()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", False),
        ("help", False),
        ("migrate --help", False),
        ("--version", False),
        ("check", False),
        ("check --database default", True),
        ("collectstatic --noinput", False),
        ("makemigrations --dry-run", False),
        ("makemigrations", True),
        ("migrate", True),
        ("ask", True),
        ("run", False),
        ("serve", True),
    ],
)
def test_only_commands_that_need_services_start_them(line: str, expected: bool) -> None:
    assert needs_services(["manage.py", *line.split()]) is expected


def test_a_wrong_setting_ends_the_command_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    with pytest.raises(SystemExit, match="PORT is 'eighty'"), services_for(["manage.py", "serve"]):
        pytest.fail("the command must not run")
