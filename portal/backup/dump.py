"""BackupService: every table in one snapshot, while the portal goes on.

Not pg_dump: its version must not be older than the server's, and it is not on every machine. COPY
in one repeatable-read transaction is the same snapshot, and any PostgreSQL reads it.
"""

from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import django
from django.db import connection, transaction
from psycopg import sql

from portal.backup.archive import MANIFEST, Digesting, Manifest, Table, written
from portal.conf import Config
from portal.core.service import BaseService

#: State files that cannot be made again. Models and static files can.
STATE_FILES = ("secret_key",)


class BackupService(BaseService):
    name = "backup"

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config

    def write(self, path: Path, *, now: datetime) -> Manifest:
        """Write the whole record into a file, which appears when it is complete."""
        with self.operation("write"), written(path) as archive:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                manifest = self._manifest(cursor, now)
                for name in tables(cursor):
                    manifest.tables.append(_dump(cursor, archive, name))
                manifest.sequences = sequences(cursor)
            self._add_files(archive, manifest)
            archive.writestr(MANIFEST, manifest.as_json())
            return manifest

    def _manifest(self, cursor: Any, now: datetime) -> Manifest:
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
        migrations = tuple(cursor.fetchall())
        cursor.execute("SHOW server_version")
        return Manifest(
            created_at=now.isoformat(),
            postgres=cursor.fetchone()[0],
            django=django.get_version(),
            embedding=self.config.embedding,
            migrations=migrations,
        )

    def _add_files(self, archive: ZipFile, manifest: Manifest) -> None:
        for name in STATE_FILES:
            path = self.config.var / name
            if path.is_file():
                member = f"files/{name}"
                with archive.open(member, "w") as stream:
                    digesting = Digesting(stream)
                    digesting.write(path.read_bytes())
                manifest.files[member] = digesting.sha256


def tables(cursor: Any) -> list[str]:
    """All tables of this schema, by name."""
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' "
        "AND relnamespace = current_schema()::regnamespace ORDER BY relname"
    )
    return [row[0] for row in cursor.fetchall()]


def columns(cursor: Any, table: str) -> tuple[str, ...]:
    """The columns that hold data; generated ones are computed again."""
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
        "AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        [f'"{table}"'],
    )
    return tuple(row[0] for row in cursor.fetchall())


def sequences(cursor: Any) -> dict[str, tuple[int, bool]]:
    """Where each sequence stands. Not part of a snapshot: they may be ahead, never behind."""
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'S' "
        "AND relnamespace = current_schema()::regnamespace ORDER BY relname"
    )
    found = {}
    for (name,) in cursor.fetchall():
        statement = sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(name))
        cursor.execute(statement)
        found[name] = cursor.fetchone()
    return found


def _dump(cursor: Any, archive: ZipFile, name: str) -> Table:
    listed = columns(cursor, name)
    statement = sql.SQL("COPY {} ({}) TO STDOUT").format(
        sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, listed))
    )
    with archive.open(f"tables/{name}", "w", force_zip64=True) as member:
        digesting = Digesting(member)
        with cursor.copy(statement) as rows:
            for block in rows:
                digesting.write(bytes(block))
    return Table(name, listed, digesting.lines, digesting.sha256)
