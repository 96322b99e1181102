"""A portal as its users start it: `manage.py run` in a state folder of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
#: The first start makes a database, imports the demo help centre and loads the models.
START_SECONDS = 300.0


class LivePortal:
    """One running portal. `output` holds what its terminal has shown so far."""

    def __init__(self, var: Path, *, port: int = 0, extra: dict[str, str] | None = None) -> None:
        self.var = var
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.websocket_url = f"ws://127.0.0.1:{self.port}"
        self.environment = self._environment(extra or {})
        self.process: subprocess.Popen[bytes] | None = None
        self.seconds_to_ready = 0.0
        self.cpu_seconds_to_ready = 0.0

    def _environment(self, extra: dict[str, str]) -> dict[str, str]:
        dropped = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "PORTAL_LOG_LEVEL"}
        inherited = {name: value for name, value in os.environ.items() if name not in dropped}
        return {
            **inherited,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PORTAL_VAR": str(self.var),
            "PORT": str(self.port),
            **extra,
        }

    @property
    def terminal(self) -> Path:
        return self.var / "terminal.log"

    @property
    def output(self) -> str:
        return self.terminal.read_text(errors="replace") if self.terminal.exists() else ""

    def start(self, *, until: str = "ready http", seconds: float = START_SECONDS) -> None:
        """Start and wait for a line; AssertionError with the output if it does not come."""
        self.var.mkdir(parents=True, exist_ok=True)
        models = self.var / "models"
        if not models.exists():
            (ROOT / "var" / "models").mkdir(parents=True, exist_ok=True)
            models.symlink_to(ROOT / "var" / "models", target_is_directory=True)
        began = time.monotonic()
        with self.terminal.open("wb") as terminal:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "run"],
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                stderr=subprocess.STDOUT,
                env=self.environment,
                cwd=ROOT,
                start_new_session=True,
            )
        while until not in self.output:
            assert self.process.poll() is None, f"`run` ended:\n{self.output}"
            assert time.monotonic() - began < seconds, f"not ready in time:\n{self.output}"
            time.sleep(0.1)
        self.seconds_to_ready = time.monotonic() - began
        self.cpu_seconds_to_ready = self._cpu_seconds()

    def _cpu_seconds(self) -> float:
        """What all its processes together have computed, which a busy machine does not change."""
        assert self.process is not None
        supervisor = psutil.Process(self.process.pid)
        used = 0.0
        for process in (supervisor, *supervisor.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                used += times.user + times.system
        return used

    def manage(self, *arguments: str, timeout: float = 120.0) -> str:
        """Run a manage.py command against this portal; returns what it printed."""
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.environment,
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
            timeout=timeout,
        ).stdout

    def stop(self, number: signal.Signals = signal.SIGINT, *, seconds: float = 60.0) -> int:
        """End it as Ctrl-C does and return its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(seconds)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
