"""Keeps child processes alive, and leaves none behind.

A child that ends is started again: at once when it had served for a while, later each time when it
keeps failing. When the supervisor ends in any way, its
children end too: it stops them, or, if it was killed, the kernel sends them SIGTERM.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BACKOFF_FIRST, BACKOFF_MOST = 1.0, 30.0
STEADY_SECONDS = 10.0  # a child that lived so long starts again at once
LOG_BYTES = 20 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass
class Child:
    """One process to keep alive; its output goes to its own log. `nice`: how far it stands back
    where others want the core too."""

    name: str
    command: Sequence[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    nice: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    backoff: float = BACKOFF_FIRST
    due_at: float = field(default=0.0)

    def start(self) -> None:
        keep_short(self.log)
        parent = os.getpid()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                process_group=0,  # Ctrl-C reaches the supervisor only, which then asks politely
                preexec_fn=lambda: _begin(parent, self.nice),  # noqa: PLW1509 (before any thread of ours)
            )
        self.started_at = time.monotonic()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def last_words(self) -> str:
        """The last line of its log, which for a crash names the exception."""
        lines = self.log.read_text(errors="replace")[-2000:].splitlines()
        return next((line.strip()[:160] for line in reversed(lines) if line.strip()), "no output")

    def signal(self, number: signal.Signals) -> None:
        """To the child and whatever it started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def _begin(parent: int, nice: int) -> None:
    """In the child: get SIGTERM when the supervisor is gone, even if it was before this line."""
    os.nice(nice)
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)


def keep_short(log: Path) -> None:
    """Move a grown log aside. The writer appends, so it goes on at the new beginning."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_BYTES:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)


class Supervisor:
    """Starts children, restarts the fallen, stops all. `say` gets one line a change."""

    def __init__(self, children: Sequence[Child], *, say: Callable[[str], None]) -> None:
        self.children = list(children)
        self._say = say

    def start(self) -> None:
        for child in self.children:
            child.start()

    def add(self, children: Sequence[Child]) -> None:
        """Start more children and keep them too."""
        for child in children:
            child.start()
            self.children.append(child)

    def tend(self) -> None:
        """One look at every child; call it often, from the thread that called `start`."""
        now = time.monotonic()
        for child in self.children:
            keep_short(child.log)
            if child.running:
                continue
            if child.process is not None:
                self._note_death(child, now)
            elif now >= child.due_at:
                child.start()
                self._say(f"{child.name} was started again.")

    def _note_death(self, child: Child, now: float) -> None:
        assert child.process is not None
        child.signal(signal.SIGKILL)  # what it may have left in its group
        how = _ending(child.process.returncode)
        steady = now - child.started_at > STEADY_SECONDS
        wait = 0.0 if steady else child.backoff
        child.due_at = now + wait
        when = f"in {wait:.0f} s" if wait else "now"
        self._say(f"{child.name} {how}: {child.last_words()}; again {when}. Its log: {child.log}")
        child.backoff = BACKOFF_FIRST if steady else min(2 * child.backoff, BACKOFF_MOST)
        child.process = None

    def stop(self, *, patience: float) -> None:
        """Ask all children to end, wait, then insist. Interrupted: insist at once."""
        for child in self.children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + patience
        try:
            while any(child.running for child in self.children):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.05)
        finally:
            for child in self.children:
                if child.running:
                    self._say(f"{child.name} did not end in time and was killed.")
                child.signal(signal.SIGKILL)
                if child.process is not None:
                    child.process.wait()


def _ending(code: int) -> str:
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return "ended" if code == 0 else f"failed with code {code}"
