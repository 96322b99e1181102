"""Rows of a model by SQL of our own, for the statements that every turn makes.

The ORM builds the text of a query anew each time it is asked. On two shared cores (AMD EPYC) a
`filter().first()` took 2.9 ms of processor and a `get` 1.1, of which running the statement was 0.2
to 0.3; a turn makes some thirty. Here only the columns come from the model, once a process. See
docs/decisions/0022: off the path of a turn, the ORM is the way.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, Generic, TypeAlias, TypeVar

from django.db import connection, models

from portal.core.prepared import bound_cursor, prepared_cursor

M = TypeVar("M", bound=models.Model)
Field: TypeAlias = "models.Field[Any, Any]"


class Table(Generic[M]):
    """The rows of one model. Writing sends no signals and asks no validator; constraints hold.

    `fields` are the names that are read (a foreign key's with its `_id`); others are fetched when
    they are asked for, as after `only()`. Without them, all are read.

    `where` and `statement` are texts of our own code, never made of what came from outside:
    that is for `values`.
    """

    def __init__(self, model: type[M], *fields: str) -> None:
        self.model = model
        self._wanted = fields

    def read(self, where: str, values: Sequence[Any] = ()) -> list[M]:
        """The rows of `SELECT … WHERE`; `where` may go on with ORDER BY, LIMIT or FOR UPDATE."""
        return self.returned(f"SELECT {self.columns} FROM {self.name} WHERE {where}", values)  # noqa: S608 - names of columns

    def first(self, where: str, values: Sequence[Any] = ()) -> M | None:
        """The first of these rows, in the order that `where` asks for."""
        rows = self.read(f"{where} LIMIT 1", values)
        return rows[0] if rows else None

    def returned(self, statement: str, values: Sequence[Any]) -> list[M]:
        """The rows of any statement whose result is `columns`, such as UPDATE … RETURNING."""
        with prepared_cursor() as cursor:
            cursor.execute(statement, values)
            return [self.instance(row) for row in cursor.fetchall()]

    @staticmethod
    def joined(
        statement: str, values: Sequence[Any], *tables: "Table[Any]"
    ) -> list[tuple[Any, ...]]:
        """The rows of a statement whose result is the `columns` of several tables, one instance of
        each; None where the outer join had none."""
        with prepared_cursor() as cursor:
            cursor.execute(statement, values)
            return [_split(row, tables) for row in cursor.fetchall()]

    def update(self, where: str, values: Sequence[Any] = (), **fields: Any) -> int:
        """Set fields of the rows to values (not to expressions); returns how many there were."""
        pairs = [(self._by_name[name], value) for name, value in fields.items()]
        sets = ", ".join(f'"{field.column}" = %s' for field, _ in pairs)
        given = [field.get_db_prep_save(value, connection) for field, value in pairs]
        with prepared_cursor() as cursor:
            cursor.execute(f"UPDATE {self.name} SET {sets} WHERE {where}", [*given, *values])  # noqa: S608 - as above
            return cursor.rowcount

    def insert(self, rows: Iterable[M]) -> None:
        """Write new rows in one statement, each with its model's defaults; a number that the
        database counts up is read back."""
        made = list(rows)
        if not made:
            return
        values = [_saved(field, row) for row in made for field in self._written]
        statement = self._insertion + ", ".join([self._row] * len(made))
        with prepared_cursor() if len(made) == 1 else bound_cursor() as cursor:
            cursor.execute(statement + self._numbers, values)
            if self._numbers:
                for row, (number,) in zip(made, cursor.fetchall(), strict=True):
                    row.pk = number
        for row in made:
            row._state.adding, row._state.db = False, connection.alias

    @cached_property
    def name(self) -> str:
        return f'"{self.model._meta.db_table}"'

    @cached_property
    def columns(self) -> str:
        """What `returned` expects of a statement, each with its table's name before it."""
        return ", ".join(f'{self.name}."{field.column}"' for field in self._read)

    @cached_property
    def _read(self) -> list[Field]:
        """In the model's order, which `from_db` expects."""
        wanted = {self._by_name[name] for name in self._wanted or self._by_name}
        return [field for field in self._by_name.values() if field in wanted]

    @cached_property
    def _names(self) -> list[str]:
        return [field.attname for field in self._read]

    @cached_property
    def _converters(self) -> list[tuple[int, Callable[..., Any]]]:
        return [
            (place, convert)
            for place, field in enumerate(self._read)
            if (convert := getattr(field, "from_db_value", None)) is not None
        ]

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.attname: field for field in self.model._meta.concrete_fields}

    @cached_property
    def width(self) -> int:
        return len(self._read)

    @cached_property
    def key(self) -> int:
        """The place of the primary key, which has to be read."""
        return [field.primary_key for field in self._read].index(True)

    def instance(self, row: tuple[Any, ...]) -> M:
        """The row whose values are those of `columns`."""
        values = list(row)
        for place, convert in self._converters:
            values[place] = convert(values[place], None, connection)
        return self.model.from_db(connection.alias, self._names, values)

    @cached_property
    def _written(self) -> list[Field]:
        """All but a number that the database counts up."""
        automatic = self.model._meta.auto_field
        return [field for field in self._by_name.values() if field is not automatic]

    @cached_property
    def _insertion(self) -> str:
        names = ", ".join(f'"{field.column}"' for field in self._written)
        return f"INSERT INTO {self.name} ({names}) VALUES "  # noqa: S608 - as above

    @cached_property
    def _numbers(self) -> str:
        automatic = self.model._meta.auto_field
        return f" RETURNING {automatic.column}" if automatic else ""

    @cached_property
    def _row(self) -> str:
        return f"({', '.join('%s' for _ in self._written)})"


def _split(row: tuple[Any, ...], tables: Sequence[Table[Any]]) -> tuple[Any, ...]:
    found: list[Any] = []
    start = 0
    for table in tables:
        own = row[start : start + table.width]
        found.append(table.instance(own) if own[table.key] is not None else None)
        start += table.width
    return tuple(found)


def _saved(field: Field, row: models.Model) -> Any:
    return field.get_db_prep_save(field.pre_save(row, add=True), connection)
