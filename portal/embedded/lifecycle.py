"""Who uses the embedded services, and so when they start and stop."""

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from portal import conf
from portal.embedded import guard
from portal.embedded.layout import Layout
from portal.embedded.postgres import Postgres
from portal.embedded.redis import Redis

#: Commands that work without a database; every other command may need it.
WITHOUT_SERVICES = frozenset(
    {
        "help",
        "version",
        "check",
        "chaos",  # starts a portal of its own
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "findstatic",
        "makemessages",
        "prepare_model",
        "settings_page",
        "run",  # starts them itself, to show the progress
        "startapp",
        "startproject",
    }
)
#: Options that make any command say something and end.
_ASKING = frozenset({"-h", "--help", "--version"})
_DRY = frozenset({"--dry-run", "--check"})


class Services:
    """One process's use of the embedded services."""

    def __init__(self, config: conf.Config) -> None:
        self.config = config
        self.layout = Layout(config.var)
        self._users: int | None = None
        self._servers: list[Postgres | Redis] = []
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def needed(self) -> bool:
        return self.config.embeds_database or self.config.embeds_redis

    def acquire(self) -> list[str]:
        """Become a user and start what is not running. Returns the names of what was started."""
        if not self.needed or self._users is not None:
            return []
        self.layout.prepare()
        with guard.locked(self.layout.run / "change.lock"):
            self._watch()
            self._users = guard.open_lock(self.layout.run / "users.lock")
            fcntl.flock(self._users, fcntl.LOCK_SH)
            try:
                return self._start()
            except BaseException:
                self._leave()
                raise

    def revive(self) -> list[str]:
        """Start again what has died under us. Returns the names of what was started."""
        if self._users is None:
            return []
        with guard.locked(self.layout.run / "change.lock"):
            self._watch()
            return self._start()

    def release(self) -> None:
        """Stop being a user; the last one stops the services and waits until they are gone."""
        if self._users is None:
            return
        self._leave()
        for _attempt in range(3):  # the guard's own test of the lock looks like a user for a moment
            if guard.stop_unused(*self._guard_arguments()):
                self._wait_for_the_guard()
                return
            time.sleep(0.02)

    def _wait_for_the_guard(self) -> None:
        """It sees the same and ends; waiting means that this exit leaves no process behind."""
        deadline = time.monotonic() + 2
        while not guard.is_free(self.layout.run / "guard.lock") and time.monotonic() < deadline:
            time.sleep(0.01)
        for process in (self._guard, *(server.process for server in self._servers)):
            if process is not None:
                process.wait()  # clears its zombie away

    def _start(self) -> list[str]:
        wanted: list[Postgres | Redis] = []
        if self.config.embeds_database:
            wanted.append(Postgres(self.layout))
        if self.config.embeds_redis:
            wanted.append(Redis(self.layout))
        with ThreadPoolExecutor(len(wanted)) as pool:
            started = list(pool.map(lambda server: server.start(), wanted))
        fresh = [server for server, new in zip(wanted, started, strict=True) if new]
        self._servers += fresh
        return [type(server).__name__ for server in fresh]

    def _watch(self) -> None:
        """Start a guard unless one lives."""
        if not guard.is_free(self.layout.run / "guard.lock"):
            return
        self._guard = subprocess.Popen(
            [sys.executable, guard.__file__, *(str(path) for path in self._guard_arguments())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    def _guard_arguments(self) -> tuple[Path, Path, Path]:
        return (self.layout.run, Postgres(self.layout).data, self.layout.redis_socket)

    def _leave(self) -> None:
        if self._users is not None:
            os.close(self._users)
            self._users = None


def needs_services(argv: Sequence[str]) -> bool:
    """Whether a manage.py command line may touch the database or Redis."""
    if len(argv) < 2 or _ASKING & set(argv):
        return False
    command, options = argv[1], set(argv[2:])
    if command == "makemigrations" and _DRY & options:
        return False
    if command == "check" and "--database" in options:
        return True
    return command not in WITHOUT_SERVICES


@contextlib.contextmanager
def services_for(argv: Sequence[str]) -> Iterator[None]:
    """Run a manage.py command with the embedded services that it needs."""
    try:
        config = conf.load()
    except conf.SettingError as error:
        sys.exit(str(error))
    services = Services(config)
    try:
        if needs_services(argv):
            services.acquire()
    except (RuntimeError, OSError) as error:
        sys.exit(f"The embedded services cannot start: {error}")
    try:
        yield
    finally:
        services.release()
