"""Where the embedded services keep their data and listen: pure computation from the settings."""

import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from portal.conf import Config, SettingError

DATABASE = "portal"
ROLE = "portal"
PORT = 5432  # only names the socket file; nothing listens on TCP
SOCKET_PATH_BYTES = 107  # sun_path of Linux, without its NUL
STREAM_DB, BROKER_DB = 0, 1  # flushing the one never loses the bindings of the other


@dataclass(frozen=True)
class Layout:
    """The paths of one state folder."""

    var: Path

    @property
    def run(self) -> Path:
        return self.var / "run"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def postgres(self) -> Path:
        return self.var / "postgres"

    @property
    def redis(self) -> Path:
        return self.var / "redis"

    @property
    def runtime(self) -> Path:
        """The folder of the sockets: short, because a socket's path may have 107 bytes only.

        The same for every process of this user and state folder, whatever its TMPDIR says.
        """
        base = Path("/tmp")  # noqa: S108 (a folder of our own below it, mode 0700, owner checked)
        if not base.is_dir():
            base = Path(tempfile.gettempdir())
        digest = hashlib.sha256(f"{os.getuid()}:{self.var}".encode()).hexdigest()[:12]
        return base / f"portal-{os.getuid()}-{digest}"

    @property
    def postgres_sockets(self) -> Path:
        return self.runtime / "pg"

    @property
    def redis_socket(self) -> Path:
        return self.runtime / "redis" / "redis.sock"

    def prepare(self) -> None:
        """Make the folders; refuse a runtime folder that somebody else laid out."""
        for folder in (self.var, self.run, self.log):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.runtime, self.redis_socket.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                raise RuntimeError(f"{folder} belongs to somebody else; remove it and try again.")


@dataclass(frozen=True)
class Addresses:
    """What settings.py needs to reach the services, given or embedded."""

    database: dict[str, Any]
    redis: str
    broker: str


def addresses(config: Config) -> Addresses:
    """The addresses of the services; starts nothing."""
    layout = Layout(config.var)
    database = (
        parse_database_url(config.database_url)
        if config.database_url
        else {
            "NAME": DATABASE,
            "USER": ROLE,
            "PASSWORD": "",
            "HOST": str(layout.postgres_sockets),
            "PORT": str(PORT),
            "OPTIONS": {},
        }
    )
    redis = config.redis_url or f"unix://{layout.redis_socket}?db={STREAM_DB}"
    embedded_broker = f"redis+socket://{layout.redis_socket}?virtual_host={BROKER_DB}"
    broker = config.broker_url or config.redis_url or embedded_broker
    return Addresses(database=database, redis=redis, broker=broker)


def parse_database_url(url: str) -> dict[str, Any]:
    """Django's database keys from postgres://user:password@host:port/name?option=value."""
    parts = urlsplit(url)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in {"postgres", "postgresql"} or not name:
        raise SettingError("DATABASE_URL must read postgres://user:password@host:port/name.")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    try:
        port = str(parts.port or "")
    except ValueError:
        raise SettingError("DATABASE_URL has a port that is not a number.") from None
    return {
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": port,
        "OPTIONS": options,
    }


def secret_key(var: Path) -> str:
    """The signing key of this state folder: made once, readable by its owner only."""
    path = var / "secret_key"
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)
        draft = var / f".secret_key.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)  # fails if another process was first: then its key counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
