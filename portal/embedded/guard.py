"""Stops the embedded services when nobody uses them, also after users were killed with SIGKILL.

Every user holds a shared lock on `users.lock`; the kernel lets go of it when the user dies in any
way. The guard waits for the exclusive lock. Starting and stopping happen under `change.lock`.
Run by its path as a small process of its own, so it imports nothing of Portal.
"""

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

STOP_TIMEOUT = 30.0


def open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the exclusive lock of a file."""
    descriptor = open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock of a file."""
    descriptor = open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


def running(pid_file: Path, mark: str) -> psutil.Process | None:
    """The live process that a pid file names, if its command line carries our mark.

    The mark tells a stale file's reused pid from our own service.
    """
    try:
        process = psutil.Process(int(pid_file.read_text().split(maxsplit=1)[0]))
        if process.status() != psutil.STATUS_ZOMBIE and mark in " ".join(process.cmdline()):
            return process
    except (OSError, ValueError, IndexError, psutil.Error):
        pass
    return None


def stop(process: psutil.Process, how: signal.Signals) -> None:
    """End a service in its own orderly way; after STOP_TIMEOUT by force."""
    for number, seconds in ((how, STOP_TIMEOUT), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not _lives(process):
                return
            time.sleep(0.01)


def _lives(process: psutil.Process) -> bool:
    """A zombie has ended; only the one who started it can clear it away, and may be waiting."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stop_unused(run: Path, data: Path, redis_socket: Path) -> bool:
    """Stop both services if no user is left. False: there is a user."""
    with locked(run / "change.lock"):
        if not is_free(run / "users.lock"):
            return False
        for process, how in (
            (running(data / "postmaster.pid", str(data)), signal.SIGINT),  # "fast" shutdown
            (running(run / "redis.pid", "redis-server"), signal.SIGTERM),
        ):
            if process:
                stop(process, how)
        redis_socket.unlink(missing_ok=True)
        return True


def main(run: Path, data: Path, redis_socket: Path) -> None:
    alive = open_lock(run / "guard.lock")
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # there is a guard already
    users = open_lock(run / "users.lock")
    while True:
        fcntl.flock(users, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_UN)  # never held while waiting for change.lock: no deadlock
        if stop_unused(run, data, redis_socket):
            return
        time.sleep(0.05)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    main(*(Path(argument) for argument in sys.argv[1:4]))
