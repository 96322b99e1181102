"""What the portal's processes on this machine compute: processor time, which neighbours do not
change the way they change waiting times."""

import contextlib
import urllib.parse
from collections import Counter

import psutil

#: Words of a command line that name a part of the portal; the first that fits.
PARTS = (
    "worker model", "worker remote", "worker default", "serve", "beat", "postgres", "redis",
)  # fmt: skip


def listener(url: str) -> psutil.Process | None:
    """The process of this machine that listens where the URL points."""
    port = urllib.parse.urlsplit(url).port
    for process in psutil.process_iter():
        try:
            for connection in process.net_connections(kind="tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                    return process
        except psutil.Error:
            continue
    return None


def cpu_seconds(url: str) -> dict[str, float]:
    """Processor seconds so far of each part of the portal at an address; empty where `manage.py
    run` did not start it on this machine. PostgreSQL and Redis only where `run` is their parent."""
    web = listener(url)
    try:
        parent = web.parent() if web else None
    except psutil.Error:
        return {}
    if web is None or parent is None or "run" not in _words(parent):
        return {}
    used: Counter[str] = Counter()
    for process in parent.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            used[_part(process)] += times.user + times.system
    return dict(used)


def per_question(
    before: dict[str, float], after: dict[str, float], questions: int
) -> dict[str, float]:
    """Processor milliseconds of each part for a question."""
    if not questions:
        return {}
    return {
        part: round((seconds - before.get(part, 0.0)) / questions * 1000, 1)
        for part, seconds in sorted(after.items())
    }


def _part(process: psutil.Process) -> str:
    words = _words(process)
    return next((part for part in PARTS if part in words), "other")


def _words(process: psutil.Process) -> str:
    return " ".join(process.cmdline())
