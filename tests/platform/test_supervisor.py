"""The supervisor with small real processes."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from portal import conf, supervisor
from portal.supervisor import Child, Supervisor

SLEEP = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(600)"
FAMILY = (
    "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
)

OWNER = """
import sys, time
from pathlib import Path
from portal.supervisor import Child, Supervisor
folder = Path(sys.argv[1])
child = Child("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"], folder / "c.log")
Supervisor([child], say=print).start()
print(child.process.pid, flush=True)
time.sleep(600)
"""


def child_of(folder: Path, code: str) -> Child:
    return Child("sleeper", [sys.executable, "-c", code], folder / "child.log")


def lives(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def eventually(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_child_that_dies_is_started_again_and_said_so(tmp_path: Path) -> None:
    said: list[str] = []
    child = child_of(tmp_path, SLEEP)
    keeper = Supervisor([child], say=said.append)
    keeper.start()
    assert child.process is not None
    first = child.process.pid
    os.kill(first, signal.SIGKILL)

    def restarted() -> bool:
        keeper.tend()
        return child.running and child.process is not None and child.process.pid != first

    eventually(restarted)
    assert "sleeper was killed by SIGKILL" in said[0]
    assert said[1] == "sleeper was started again."
    keeper.stop(patience=5)


def test_a_child_that_stands_back_does_so_from_its_first_moment(tmp_path: Path) -> None:
    child = child_of(tmp_path, SLEEP)
    child.nice = 5
    keeper = Supervisor([child], say=lambda _line: None)
    keeper.start()
    assert child.process is not None
    assert psutil.Process(child.process.pid).nice() == min(19, os.getpriority(0, 0) + 5)
    keeper.stop(patience=5)


def test_a_child_that_keeps_failing_is_started_ever_more_rarely(tmp_path: Path) -> None:
    said: list[str] = []
    child = child_of(tmp_path, "raise SystemExit('no such model')")
    keeper = Supervisor([child], say=said.append)
    keeper.start()
    deaths: list[str] = []

    def died_twice() -> bool:
        keeper.tend()
        deaths[:] = [line for line in said if "failed with code 1" in line]
        return len(deaths) == 2

    eventually(died_twice)
    keeper.stop(patience=5)
    assert "no such model; again in 1 s" in deaths[0]
    assert "again in 2 s" in deaths[1]


def test_stop_leaves_no_process_behind_not_even_a_grandchild(tmp_path: Path) -> None:
    child = child_of(tmp_path, FAMILY)
    keeper = Supervisor([child], say=lambda _line: None)
    keeper.start()
    assert child.process is not None
    root = psutil.Process(child.process.pid)
    eventually(lambda: len(root.children()) == 1)
    family = [root.pid, root.children()[0].pid]
    keeper.stop(patience=5)
    eventually(lambda: not any(lives(pid) for pid in family))


def test_a_child_that_ignores_sigterm_is_killed_after_the_patience(tmp_path: Path) -> None:
    said: list[str] = []
    child = child_of(tmp_path, STUBBORN)
    keeper = Supervisor([child], say=said.append)
    keeper.start()
    eventually(child.log.exists)
    time.sleep(0.3)
    started = time.monotonic()
    keeper.stop(patience=0.5)
    assert time.monotonic() - started < 3
    assert not child.running


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, cwd=conf.ROOT
    )
    assert owner.stdout is not None
    child = int(owner.stdout.readline())
    assert lives(child)
    owner.kill()
    owner.communicate()
    eventually(lambda: not lives(child))


def test_a_log_that_grew_is_moved_aside(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(b"x" * (supervisor.LOG_BYTES + 1))
    supervisor.keep_short(log)
    assert log.stat().st_size == 0
    assert (tmp_path / "web.log.1").stat().st_size == supervisor.LOG_BYTES + 1
