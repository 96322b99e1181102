"""Empties the database after a test that commits: the tables that hold something, and no others.

Django truncates all of them and then has every app make its permissions again, a second a test for
hundreds of tests. What the migrations left (permissions, content types, roles) is kept; a test that
changes it gets Django's way.
"""

from django.core.management import call_command
from django.db import connection, transaction
from django.test import TransactionTestCase

Print = dict[str, tuple[int, int]]


class Emptied:
    """The database as it is between tests."""

    def __init__(self) -> None:
        self.tables = sorted(set(connection.introspection.table_names()) - {"django_migrations"})
        self.kept = self._print(self._filled())

    def restore(self) -> None:
        """Make it so again."""
        if self._print(list(self.kept)) != self.kept:
            call_command("flush", verbosity=0, interactive=False, reset_sequences=False)
            self.kept = self._print(list(self.kept))
            return
        used = [table for table in self._filled() if table not in self.kept]
        if not used:
            return
        with transaction.atomic(), connection.cursor() as cursor:
            # Neither foreign keys nor the triggers that keep records as they are.
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table in used:
                cursor.execute(f'DELETE FROM "{table}"')

    def _filled(self) -> list[str]:
        one = "SELECT '{0}' WHERE EXISTS (SELECT 1 FROM \"{0}\")"
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(one.format(table) for table in self.tables))
            return [name for (name,) in cursor.fetchall()]

    def _print(self, tables: list[str]) -> Print:
        """How many rows each has, and a sum over what stands in them."""
        one = (
            "SELECT '{0}', count(*), coalesce(sum(hashtext(t::text)::bigint), 0)::bigint"
            ' FROM "{0}" t'
        )
        if not tables:
            return {}
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(one.format(table) for table in tables))
            return {name: (count, total) for name, count, total in cursor.fetchall()}


def empty_quickly() -> None:
    """Have Django's transactional tests end so. Called once, when the schema is made."""
    emptied = Emptied()

    def teardown(_case: TransactionTestCase) -> None:
        emptied.restore()

    TransactionTestCase._fixture_teardown = teardown  # type: ignore[attr-defined]
