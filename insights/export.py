"""Downloads as CSV and Parquet. In CSV, what a cell begins with can never become a formula."""

import csv
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from insights.parquet import Column, parquet

LINES = 1_000  # of a piece

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    def write(self, value: str) -> str:
        return value


def neutral(value: Any) -> Any:
    """The value, with an apostrophe before a text that a spreadsheet would run."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def csv_lines(columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The file in pieces of many lines; moments as ISO 8601."""
    writer = csv.writer(_Echo())
    yield ("\ufeff" + str(writer.writerow([column.name for column in columns]))).encode()
    source = iter(rows)
    while batch := list(islice(source, LINES)):
        yield "".join(
            str(writer.writerow([_cell(value) for value in row])) for row in batch
        ).encode()


def _cell(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else neutral(value)


def download(
    request: HttpRequest, name: str, form: str, columns: Sequence[Column],
    rows: Iterable[Sequence[Any]],
) -> StreamingHttpResponse:  # fmt: skip
    """A download that is written while it is read. `form` is csv or parquet."""
    kind, write = _FORMS[form]
    pieces: Iterator[bytes] = iter(write(columns, rows))
    content = _away(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


async def _away(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Each piece made in a thread: Django would otherwise make all of them before the first."""
    piece_after = sync_to_async(lambda: next(pieces, None))
    while (piece := await piece_after()) is not None:
        yield piece


_FORMS: dict[str, tuple[str, Callable[..., Iterator[bytes]]]] = {
    "csv": ("text/csv; charset=utf-8", csv_lines),
    "parquet": ("application/vnd.apache.parquet", parquet),
}
