"""RestoreService: a backup into an empty database, which then is at this version's schema."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from portal import preparation
from portal.backup import dump
from portal.backup.archive import Manifest, Table, UnusableBackup, opened
from portal.conf import Config
from portal.core.errors import ServiceError
from portal.core.service import BaseService

_BLOCK = 1 << 20
#: A row in one of these was made by somebody; other tables are filled by migrations.
SOMEBODYS = (
    "auth_user",
    "conversations_article",
    "conversations_auditentry",
    "conversations_conversation",
    "conversations_customer",
)


class NotEmpty(ServiceError):
    """The database holds data already. Restore into an empty one, or replace it with --force."""

    code = "not_empty"


class RestoreService(BaseService):
    name = "restore"

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config

    def read(self, path: Path, *, force: bool, say: Callable[[str], object]) -> Manifest:
        """Check the file, then fill the database. Raises UnusableBackup or NotEmpty with nothing
        changed. Interrupted later, the database is half made: run it again with --force."""
        with opened(path) as (archive, manifest):
            _refuse_newer(manifest)
            if not force and (full := filled()):
                raise NotEmpty(f"{NotEmpty.__doc__} ({full} has rows.)")
            say(f"the file is whole: {len(manifest.tables)} tables of {manifest.created_at}")
            clear()
            say("making the schema that it was written with")
            for app, name in _targets(manifest):
                call_command("migrate", app, name, interactive=False, verbosity=0)
            self._load(archive, manifest, say)
            self._put_files(archive, manifest, force=force)
        say("bringing the schema to this version")
        preparation.migrate()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return manifest

    def _load(self, archive: ZipFile, manifest: Manifest, say: Callable[[str], object]) -> None:
        """All rows in one transaction, with our triggers off: they were obeyed when these rows
        were written. Foreign keys are checked before it ends."""
        with transaction.atomic(), connection.cursor() as cursor:
            names = [sql.Identifier(table.name) for table in manifest.tables]
            cursor.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(", ").join(names)))
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            for table in manifest.tables:
                _switch(cursor, table, "DISABLE")
                _copy(cursor, archive, table)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in manifest.tables:
                _switch(cursor, table, "ENABLE")
            for name, (value, called) in manifest.sequences.items():
                cursor.execute("SELECT setval(%s::regclass, %s, %s)", [f'"{name}"', value, called])
        say(f"{sum(table.rows for table in manifest.tables)} rows are in")

    def _put_files(self, archive: ZipFile, manifest: Manifest, *, force: bool) -> None:
        """The signing key, unless the settings name one: logins and signed links stay good."""
        for member in manifest.files:
            target = self.config.var / Path(member).name
            if self.config.secret_key or Path(member).name not in dump.STATE_FILES:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f".{target.name}.part")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(archive.read(member))
            draft.replace(target)


def filled() -> str:
    """The first table that holds something of somebody's; empty: the database is free."""
    with connection.cursor() as cursor:
        there = set(dump.tables(cursor))
        for table in SOMEBODYS:
            if table in there:
                statement = sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(table))
                cursor.execute(statement)
                if cursor.fetchone():
                    return table
    return ""


def clear() -> None:
    """Drop our tables and functions; extensions stay, they may need another role to come back."""
    with transaction.atomic(), connection.cursor() as cursor:
        for name in dump.tables(cursor):
            cursor.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(name)))
        cursor.execute(
            "SELECT oid::regprocedure::text FROM pg_proc p "
            "WHERE pronamespace = current_schema()::regnamespace AND NOT EXISTS "
            "(SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
        )
        for (signature,) in cursor.fetchall():
            cursor.execute(f"DROP FUNCTION {signature} CASCADE")


def _refuse_newer(manifest: Manifest) -> None:
    known = set(MigrationLoader(None).disk_migrations)
    if unknown := [
        f"{app}.{name}" for app, name in manifest.migrations if (app, name) not in known
    ]:
        raise UnusableBackup(
            f"It was made by a newer version of Portal ({unknown[0]} is not known here): "
            "restore it with that version."
        )


def _targets(manifest: Manifest) -> list[tuple[str, str]]:
    """The newest applied migration of each app: where the schema stood."""
    applied = set(manifest.migrations)
    graph = MigrationLoader(None).graph
    return sorted(
        node
        for node in applied
        if not any(child.key in applied and child.key[0] == node[0]
                   for child in graph.node_map[node].children)
    )  # fmt: skip


def _switch(cursor: Any, table: Table, how: str) -> None:
    cursor.execute(
        sql.SQL("ALTER TABLE {} " + how + " TRIGGER USER").format(sql.Identifier(table.name))
    )


def _copy(cursor: Any, archive: ZipFile, table: Table) -> None:
    listed = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), listed)
    with archive.open(table.member) as member, cursor.copy(statement) as rows:
        while block := member.read(_BLOCK):
            rows.write(block)
