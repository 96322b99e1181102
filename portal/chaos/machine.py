"""The portal under test: `manage.py run` in its own state folder, and its processes by name."""

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg
import redis

from portal import preparation
from portal.conf import Config
from portal.embedded.guard import running
from portal.embedded.layout import DATABASE, PORT, ROLE, STREAM_DB, Layout

START_SECONDS = 420.0
#: What names a process of `manage.py run` on its command line.
MARKS = {
    "model worker": ("worker", "model"),
    "default worker": ("worker", "default"),
    "beat": ("beat",),
    "web": ("serve", "--host"),
}
#: Settings of the caller's shell that must not lead the portal under test elsewhere.
_DROPPED = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "PROMETHEUS_MULTIPROC_DIR")


class NotRunning(Exception):
    """The portal under test did not start, or ended."""


@dataclass(frozen=True)
class Unended:
    """What the record says at the end. All are zero when every turn did its duty."""

    live: int
    late: int
    silent: int
    doubled: int
    gaps: int


class Machine:
    """One portal on this machine. `start` makes it; `attach` takes one that runs."""

    def __init__(self, config: Config, *, port: int) -> None:
        self.layout = Layout(config.var)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._run: psutil.Process | None = None
        self._started: subprocess.Popen[bytes] | None = None

    # --- its life

    def start(self, *, extra: dict[str, str]) -> None:
        """Start it and wait for `ready`. Raises NotRunning with the last lines of its terminal."""
        self.layout.var.mkdir(parents=True, exist_ok=True)
        terminal = self.layout.var / "terminal.log"
        environment = {name: value for name, value in os.environ.items() if name not in _DROPPED}
        environment |= {"PORTAL_VAR": str(self.layout.var), "PORT": str(self.port), **extra}
        with terminal.open("wb") as output:
            self._started = subprocess.Popen(
                preparation.manage("run"),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
        self._run = psutil.Process(self._started.pid)
        deadline = time.monotonic() + START_SECONDS
        while "ready http" not in (said := terminal.read_text(errors="replace")):
            if self._started.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise NotRunning("The portal did not start:\n" + "\n".join(said.splitlines()[-8:]))
            time.sleep(0.2)

    def attach(self) -> None:
        """Take the portal that runs in this state folder. Raises NotRunning."""
        try:
            words = (self.layout.run / "run.lock").read_text().split()
            self._run = psutil.Process(int(words[1].rstrip(",")))
        except (OSError, ValueError, IndexError, psutil.Error) as error:
            raise NotRunning(
                f"No portal runs in {self.layout.var}; `make run` starts one."
            ) from error

    def stop(self) -> None:
        """End what `start` started; an attached portal runs on."""
        if self._started is None:
            return
        if self._started.poll() is None:
            self._started.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._started.wait(90)
        self._started = None

    def require_alive(self) -> None:
        """Raises NotRunning when `manage.py run` itself ended: a finding of its own."""
        if self._run is None or not self._run.is_running() or _is_zombie(self._run):
            raise NotRunning(
                f"`manage.py run` itself has ended; see {self.layout.var}/terminal.log."
            )

    # --- its processes

    def process(self, name: str) -> psutil.Process | None:
        """The child of that name that lives now."""
        children: list[psutil.Process] = []
        if self._run is not None:
            with contextlib.suppress(psutil.Error):
                children = self._run.children()
        for child in children:
            with contextlib.suppress(psutil.Error):  # it ended just now
                words = child.cmdline()
                if all(mark in words for mark in MARKS[name]) and "manage.py" in words[1]:
                    return child
        return None

    def signal(self, name: str, number: signal.Signals) -> bool:
        """Send a signal to the child of that name; False when it does not live at the moment."""
        process = self.process(name)
        if process is None:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
            return True
        return False

    def postgres_server(self) -> psutil.Process | None:
        data = self.layout.postgres / "data"
        return running(data / "postmaster.pid", str(data))

    def redis_server(self) -> psutil.Process | None:
        return running(self.layout.run / "redis.pid", "redis-server")

    def stream_client(self) -> redis.Redis:
        return redis.Redis(
            unix_socket_path=str(self.layout.redis_socket),
            db=STREAM_DB,
            socket_timeout=2,
            socket_connect_timeout=2,
        )

    # --- its record

    def _query(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(
            host=str(self.layout.postgres_sockets), port=PORT, user=ROLE, dbname=DATABASE
        ) as session:
            return session.execute(statement, values or None).fetchall()

    def model_is_ready(self) -> bool:
        """A model worker that lives has announced its model."""
        process = self.process("model worker")
        try:
            reports = [
                json.loads(value)
                for tier in ("gpu", "cpu")
                for value in self.stream_client().hvals(f"portal:rungs:{tier}")
            ]
        except redis.RedisError:
            return False
        return process is not None and any(
            report["ready"] and f":{process.pid}:" in report["worker"] for report in reports
        )

    def is_whole(self) -> bool:
        """Both workers take work: the model is announced, and a sweep ran on the default one."""
        default = self.process("default worker")
        if default is None or not self.model_is_ready():
            return False
        try:
            swept = self.stream_client().get("portal:beat:at")
        except redis.RedisError:
            return False
        return swept is not None and float(swept) > default.create_time() + 1

    def mid_answers(self) -> int:
        """How many turns the model worker has shown a part of at this moment."""
        process = self.process("model worker")
        if process is None:
            return 0
        try:
            running_turns = self._query(
                "SELECT id FROM conversations_turn WHERE state = 'running' AND worker LIKE %s",
                f"%:{process.pid}:%",
            )
            client = self.stream_client()
            lengths = [
                client.hget(f"portal:turn:{turn}:state", "length") for (turn,) in running_turns
            ]
        except (psycopg.Error, redis.RedisError):
            return 0
        return sum(int(length or 0) > 0 for length in lengths)

    def unended(self, since: datetime) -> Unended:
        """What the record lacks, or has twice; late since a time. Raises psycopg.Error."""
        one = self._query(_UNENDED, since.isoformat())[0]
        return Unended(*one)

    def last_lines(self, name: str, count: int = 5) -> list[str]:
        path = Path(self.layout.log) / f"{name.replace(' ', '-')}.log"
        return path.read_text(errors="replace").splitlines()[-count:] if path.exists() else []


_UNENDED = """
SELECT (SELECT count(*) FROM conversations_turn WHERE state IN ('queued', 'running')),
       (SELECT count(*) FROM conversations_turn WHERE done_at > deadline_at + interval '10 s'
           AND accepted_at > %s::timestamptz),
       (SELECT count(*) FROM conversations_turn WHERE state IN ('done', 'failed')
                                                  AND reply_id IS NULL),
       (SELECT count(*) FROM (SELECT 1 FROM conversations_message WHERE client_id IS NOT NULL
                               GROUP BY conversation_id, client_id HAVING count(*) > 1) twice),
       (SELECT count(*) FROM (SELECT 1 FROM conversations_conversationevent
                               GROUP BY conversation_id HAVING max(seq) <> count(*)) gapped)
"""


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
