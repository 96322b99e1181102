"""PostgreSQL: there, new enough, with pgvector, migrated, quick enough, and of the same time."""

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from portal.doctor.finding import Finding, fault, warning, well

LEAST_POSTGRES, LEAST_PGVECTOR = 15, (0, 7)
SLOW_COMMIT_MS, STUCK_COMMIT_MS = 20.0, 100.0
CLOCK_SECONDS, WRONG_CLOCK_SECONDS = 1.0, 10.0
CONNECTIONS_LEFT = 10


def reachable() -> Finding:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        first = (str(error).strip().splitlines() or [""])[0][:160]
        where = "DATABASE_URL" if settings.CONFIG.database_url else "the embedded PostgreSQL's log"
        return fault(
            "database.away",
            f"The database does not answer: {first}",
            f"See {where}; is the server up, and may this machine and user reach it?",
        )
    return well("database", "The database answers.")


def examine() -> Iterator[Finding]:
    """Everything that needs a database that answers."""
    yield version()
    yield pgvector()
    yield migrations()
    yield from commit_time()
    yield clock()
    yield connections()


def _value(statement: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
        return row[0] if row else None


def version() -> Finding:
    number = int(str(_value("SHOW server_version_num"))) // 10_000
    if number < LEAST_POSTGRES:
        return fault(
            "database.old",
            f"PostgreSQL is version {number}.",
            f"Upgrade it to {LEAST_POSTGRES} or newer.",
        )
    return well("database.version", f"PostgreSQL {number}.")


def pgvector() -> Finding:
    found = _value("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    if found is None:
        return fault(
            "database.pgvector",
            "The extension pgvector is not in this database.",
            "Install it on the server and run CREATE EXTENSION vector in this database.",
        )
    if tuple(int(part) for part in str(found).split(".")[:2]) < LEAST_PGVECTOR:
        return warning(
            "database.pgvector", f"pgvector is version {found}.", "Upgrade it to 0.7 or newer."
        )
    return well("database.pgvector", f"pgvector {found}.")


def migrations() -> Finding:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return fault(
            "database.migrations",
            f"{len(missing)} changes of the schema are not applied.",
            "Run manage.py migrate, and then restart the workers and the web processes.",
        )
    return well("database.migrations", "The schema is this version's.")


def commit_time() -> Iterator[Finding]:
    """How long a commit takes to reach the disk; every message waits for it."""
    times = []
    for _ in range(5):
        started = time.perf_counter()
        try:
            _value("SELECT pg_logical_emit_message(true, 'portal.doctor', '')")
        except DatabaseError:
            return  # not allowed to this role: nothing can be said
        times.append((time.perf_counter() - started) * 1000)
    median = statistics.median(times)
    if median < SLOW_COMMIT_MS:
        yield well("database.disk", f"A commit takes {median:.1f} ms.")
        return
    make = fault if median > STUCK_COMMIT_MS else warning
    yield make(
        "database.disk",
        f"A commit takes {median:.0f} ms: the database's disk is slow or busy.",
        "Put PostgreSQL's log on a solid state disk; look for other work on that disk.",
    )


def clock() -> Finding:
    before = datetime.now(UTC)
    there = _value("SELECT clock_timestamp()")
    after = datetime.now(UTC)
    assert isinstance(there, datetime)
    apart = max((before - there).total_seconds(), (there - after).total_seconds(), 0.0)
    if apart < CLOCK_SECONDS:
        return well("clock", "This machine and the database have the same time.")
    make = fault if apart > WRONG_CLOCK_SECONDS else warning
    return make(
        "clock",
        f"This machine's clock and the database's are {apart:.1f} s apart: deadlines, waiting "
        "times and reports come out wrong by as much.",
        "Turn on time synchronisation (chrony or systemd-timesyncd) on both.",
    )


def connections() -> Finding:
    most = int(str(_value("SHOW max_connections")))
    used = int(
        str(_value("SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'client%'"))
    )
    if most - used < CONNECTIONS_LEFT:
        return warning(
            "database.connections",
            f"{used} of {most} connections are in use; a process needs up to 17.",
            "Raise max_connections, or put a pooler (in session mode) in front.",
        )
    return well("database.connections", f"{used} of {most} connections are in use.")
