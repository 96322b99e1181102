"""A backup goes into an empty database and comes out the same; anything else is refused."""

import uuid
import zipfile
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone

from conversations.escalation.audit import record
from conversations.models import Article, Passage
from conversations.services.intake import IntakeService
from insights.ledger.refresh import LedgerService
from portal.backup import archive, dump
from portal.backup.archive import UnusableBackup
from portal.backup.load import NotEmpty, RestoreService
from tests.operations.databases import TARGET, manage, parameters

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def something_of_everything() -> None:
    """Rows with vectors, arrays, JSON, line breaks, triggers and hourly sums."""
    user = get_user_model().objects.create_user("ann", password="a long enough password")
    created = IntakeService().open_conversation()
    for text in ("a tab\there", "two\nlines \\N and a \\. too", "Zürich 😀"):
        IntakeService().post_message(
            conversation_id=created.id, client_id=uuid.uuid4(), text=text, now=timezone.now()
        )
    article = Article.objects.create(
        external_id="a", slug="a", title="A", body="b", asked_as=["x", 'y"z'], digest="d"
    )
    Passage.objects.create(article=article, revision=1, ordinal=0, text="t", embedding=[0.1] * 384)
    record(action="claimed", now=timezone.now(), actor=user.pk, conversation_id=created.id)
    LedgerService().refresh(now=timezone.now())


@pytest.fixture
def backup(something_of_everything: None, tmp_path: Path) -> Path:
    path = tmp_path / "portal.backup"
    call_command("backup", out=path, verbosity=0)
    return path


def contents(name: str) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """Every row of every table as PostgreSQL prints it, in order, and every sequence."""
    with psycopg.connect(**parameters(name)) as session, session.cursor() as cursor:
        rows = {}
        for table in dump.tables(cursor):
            listed = ", ".join(f'"{column}"' for column in dump.columns(cursor, table))
            with cursor.copy(f'COPY (SELECT {listed} FROM "{table}") TO STDOUT') as lines:
                rows[table] = sorted(b"".join(bytes(line) for line in lines).decode().split("\n"))
        return rows, dump.sequences(cursor)


def test_a_restored_database_has_the_same_rows_and_sequences(
    backup: Path, empty_database: dict[str, str], tmp_path: Path
) -> None:
    assert oct(backup.stat().st_mode)[-3:] == "600"
    environment = {**empty_database, "PORTAL_VAR": str(tmp_path / "var")}
    done = manage("restore", str(backup), env=environment)
    assert done.returncode == 0, done.stderr
    rows, sequences = contents(TARGET)
    expected, stood = contents(connection.settings_dict["NAME"])
    assert set(rows) == set(expected)
    for table in expected:
        assert rows[table] == expected[table], table
    assert sequences == stood
    assert len(rows["conversations_message"]) > 3 and len(rows["insights_rollup"]) > 1

    # What guards the rows is back too, and a second restore is refused.
    refused = pytest.raises(psycopg.errors.CheckViolation)
    with psycopg.connect(**parameters(TARGET)) as session, refused:
        session.execute("UPDATE conversations_auditentry SET action = 'x'")
    again = manage("restore", str(backup), env=environment)
    assert again.returncode == 1 and "--force" in again.stderr


def test_a_database_with_rows_is_not_touched_without_force(backup: Path) -> None:
    with pytest.raises(CommandError, match="--force"):
        call_command("restore", backup)
    assert Article.objects.filter(external_id="a").exists()


def cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def other_rows(path: Path) -> None:
    """A whole zip in which one table's member was exchanged."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    members["tables/auth_user"] = b""
    with zipfile.ZipFile(path, "w") as new:
        for name, data in members.items():
            new.writestr(name, data)


def flip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive_:
        place = archive_.getinfo("tables/conversations_message").header_offset + 120
    data = bytearray(path.read_bytes())
    data[place] ^= 0xFF
    path.write_bytes(data)


def no_zip(path: Path) -> None:
    path.write_text("hello")


def foreign_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as other:
        other.writestr("photo.jpg", b"x")


def later_format(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as other:
        other.writestr(archive.MANIFEST, '{"format": 99}')


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (cut, "cut short"),
        (no_zip, "no backup at all"),
        (foreign_zip, "no backup of Portal"),
        (later_format, "format 99"),
        (other_rows, "damaged"),
        (flip, "damaged|cut short"),
        (Path.unlink, "no file"),
    ],
)
def test_a_wrong_file_is_refused_by_name_before_anything_is_changed(
    backup: Path, spoil: Any, word: str
) -> None:
    spoil(backup)
    with pytest.raises(UnusableBackup, match=word):
        RestoreService(settings.CONFIG).read(backup, force=True, say=lambda line: None)
    assert Article.objects.filter(external_id="a").exists()


def test_a_backup_of_a_newer_version_is_refused(backup: Path) -> None:
    with zipfile.ZipFile(backup) as old:
        members = {name: old.read(name) for name in old.namelist()}
    members[archive.MANIFEST] = members[archive.MANIFEST].replace(
        b'"0001_first"', b'"9999_unheard_of"', 1
    )
    with zipfile.ZipFile(backup, "w") as new:
        for name, data in members.items():
            new.writestr(name, data)
    with pytest.raises(UnusableBackup, match="newer version"):
        RestoreService(settings.CONFIG).read(backup, force=True, say=lambda line: None)


def test_a_broken_backup_leaves_no_file_under_its_name(
    something_of_everything: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(dump, "sequences", fail)
    with pytest.raises(Exception, match="wrong on our side"):
        call_command("backup", out=tmp_path / "portal.backup", verbosity=0)
    assert list(tmp_path.iterdir()) == []


def test_not_empty_says_what_to_do() -> None:
    assert "--force" in NotEmpty().detail
