"""Which worker processes live. The failure detector of the workers, over PostgreSQL sessions.

A worker holds an advisory lock in a session of its own. When the process dies, however it dies, the
kernel closes the session and the lock is gone at once: no clock, no false alarm on a busy machine.
A process that is stopped keeps its lock but is not heard; that is only a suspicion, and only moves
new work elsewhere. What it holds is taken when its lease ends. Fencing makes any error harmless.
"""

import contextlib
import os
import secrets
import socket
import time
import zlib
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection

from portal import limits

#: First key of the advisory locks, so that they meet nobody else's.
LOCK_CLASS = 0x506F7274
#: After a restart of the database all locks are gone. Who could not look for so long calls nobody
#: dead: the others could not register again either.
GRACE_SECONDS = 5.0

_own_name: list[str] = []


def own_name() -> str:
    """The registered name of this process; empty where it is not a registered worker."""
    return _own_name[0] if _own_name else ""


def new_name() -> str:
    """Unlike every other process's, also where each container has process id 1."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}:{secrets.token_hex(3)}"


def lock_key(name: str) -> int:
    return zlib.crc32(name.encode()) & 0x7FFFFFFF


@dataclass(frozen=True)
class Missing:
    """A worker that is `dead` (its session ended), or else not heard."""

    name: str
    queue: str
    dead: bool


_REGISTER = """
INSERT INTO conversations_workerprocess (name, queue, lock_key, started_at, seen_at, silent)
VALUES (%(name)s, %(queue)s, %(key)s, clock_timestamp(), clock_timestamp(), FALSE)
ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, silent = FALSE
"""

_MISSING = """
SELECT w.name, w.queue, held.objid IS NULL AS dead
  FROM conversations_workerprocess w
  LEFT JOIN pg_locks held
    ON held.locktype = 'advisory' AND held.objsubid = 2 AND held.granted
   AND held.classid = %(lock_class)s AND held.objid = w.lock_key
   AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
 WHERE w.name <> %(name)s
   AND (held.objid IS NULL AND %(may_bury)s
        OR NOT w.silent AND held.objid IS NOT NULL
           AND w.seen_at < clock_timestamp() - %(silence)s * interval '1 s')
"""


class LivenessSession:
    """This process's registration: a session of its own, outside of the pool.

    Every method raises psycopg.Error when the database is away; the next `beat` begins anew.
    """

    def __init__(self, *, name: str, queue: str) -> None:
        self.name, self.queue = name, queue
        self._session: psycopg.Connection[Any] | None = None
        self._since = 0.0  # of the session, by the monotonic clock

    def beat(self) -> bool:
        """Say that this process lives. True: the session is new, for whatever reason."""
        fresh = self._session is None
        if self._session is None:
            self._session = self._open()
        values = {"name": self.name, "queue": self.queue, "key": lock_key(self.name)}
        self._run(_REGISTER, values)
        return fresh

    def missing(self) -> list[Missing]:
        """The others that died or fell silent and were not dealt with yet."""
        values = {
            "name": self.name,
            "lock_class": LOCK_CLASS,
            "may_bury": time.monotonic() - self._since > GRACE_SECONDS,
            "silence": limits.SILENCE,
        }
        return [Missing(*row) for row in self._run(_MISSING, values)]

    def count(self) -> int:
        """How many are registered, this one included."""
        return int(self._run("SELECT count(*) FROM conversations_workerprocess", {})[0][0])

    def claim_missing(self, missing: Missing) -> bool:
        """Take the duty to deal with it. Exactly one of many watchers gets it."""
        if missing.dead:
            statement = "DELETE FROM conversations_workerprocess WHERE name = %(name)s"
        else:
            statement = (
                "UPDATE conversations_workerprocess SET silent = TRUE "
                "WHERE name = %(name)s AND NOT silent"
            )
        return bool(self._run(f"{statement} RETURNING name", {"name": missing.name}))

    def end(self) -> None:
        """Leave in good order: nobody has to notice."""
        with contextlib.suppress(psycopg.Error):
            self._run(
                "DELETE FROM conversations_workerprocess WHERE name = %(name)s RETURNING name",
                {"name": self.name},
            )
        self.drop()

    def drop(self) -> None:
        """Forget a broken session."""
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(psycopg.Error):
                session.close()

    def _open(self) -> "psycopg.Connection[Any]":
        parameters: dict[str, Any] = {
            **connection.get_connection_params(),
            "autocommit": True,
            "application_name": f"portal {self.queue} worker"[:63],
            "connect_timeout": 3,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
        }
        for ours in ("cursor_factory", "context", "prepare_threshold"):
            parameters.pop(ours, None)
        session: psycopg.Connection[Any] = psycopg.connect(**parameters)
        try:
            session.execute("SET statement_timeout = '3s'")
            # The server notices a machine that vanished without a word, too.
            session.execute("SET tcp_keepalives_idle = 5")
            session.execute("SET tcp_keepalives_interval = 2")
            session.execute("SET tcp_keepalives_count = 3")
            session.execute("SELECT pg_advisory_lock(%s, %s)", (LOCK_CLASS, lock_key(self.name)))
            self._since = time.monotonic()
        except psycopg.Error:
            session.close()
            raise
        return session

    def _run(self, statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        if self._session is None:
            self._session = self._open()
        try:
            cursor = self._session.execute(statement, values)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error:
            self.drop()
            raise


def adopt_name(name: str) -> None:
    """From now on this process is that worker."""
    _own_name[:] = [name]


@dataclass(frozen=True)
class Living:
    name: str
    queue: str
    seconds_unheard: float


def living() -> list[Living]:
    """The workers whose sessions hold their locks now."""
    with connection.cursor() as cursor:
        cursor.execute(_LIVING, {"lock_class": LOCK_CLASS})
        return [Living(*row) for row in cursor.fetchall()]


_LIVING = """
SELECT w.name, w.queue, extract(epoch FROM clock_timestamp() - w.seen_at)::float8
  FROM conversations_workerprocess w
  JOIN pg_locks held
    ON held.locktype = 'advisory' AND held.objsubid = 2 AND held.granted
   AND held.classid = %(lock_class)s AND held.objid = w.lock_key
   AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
 ORDER BY w.queue, w.name
"""
