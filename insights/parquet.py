"""Parquet, written while it is read: flat tables of text, whole numbers, numbers and moments.

Own code and not a library: the readers' libraries weigh 25 to 60 MB, while a flat table needs one
page a column, plain values and a footer. https://parquet.apache.org/docs/file-format/ is the
source of the numbers below; the tests read the files back with DuckDB.
"""

import gzip
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Literal

MAGIC = b"PAR1"
GROUP_ROWS = 10_000
Kind = Literal["text", "integer", "number", "moment"]

_INT64, _DOUBLE, _BYTES = 2, 5, 6
_PHYSICAL: dict[str, int] = {"text": _BYTES, "integer": _INT64, "number": _DOUBLE, "moment": _INT64}
_CONVERTED: dict[str, int] = {"text": 0, "moment": 10}  # UTF8, TIMESTAMP_MICROS
_PLAIN, _RLE, _GZIP, _OPTIONAL = 0, 3, 2, 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Thrift's compact protocol
_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12


@dataclass(frozen=True)
class Column:
    name: str
    kind: Kind


@dataclass
class _Group:
    rows: int
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0


def parquet(columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The file in pieces, a row group at a time; a value may be None everywhere."""
    yield MAGIC
    place, groups = len(MAGIC), []
    source = iter(rows)
    while batch := list(islice(source, GROUP_ROWS)):
        group = _Group(len(batch))
        for number, column in enumerate(columns):
            page, raw_size = _page(column, [row[number] for row in batch])
            group.chunks.append(_chunk(column, len(batch), place, len(page), raw_size))
            group.size += raw_size
            place += len(page)
            yield page
        groups.append(group)
    footer = _footer(columns, groups)
    yield footer + struct.pack("<I", len(footer)) + MAGIC


def _page(column: Column, values: list[Any]) -> tuple[bytes, int]:
    """A column's values of one group with their header; and its size before packing."""
    levels = _levels([value is not None for value in values])
    data = struct.pack("<I", len(levels)) + levels
    data += b"".join(_plain(column, value) for value in values if value is not None)
    packed = gzip.compress(data, 6, mtime=0)
    inner = _struct((1, _I32, len(values)), (2, _I32, _PLAIN), (3, _I32, _RLE), (4, _I32, _RLE))
    header = _struct(
        (1, _I32, 0), (2, _I32, len(data)), (3, _I32, len(packed)), (5, _STRUCT, inner)
    )
    return header + packed, len(header) + len(data)


def _plain(column: Column, value: Any) -> bytes:
    match column.kind:
        case "text":
            text = str(value).encode()
            return struct.pack("<I", len(text)) + text
        case "number":
            return struct.pack("<d", value)
        case "moment":
            return struct.pack("<q", (value - _EPOCH) // timedelta(microseconds=1))
        case _:
            return struct.pack("<q", value)


def _levels(present: list[bool]) -> bytes:
    """Which values are there, as runs of ones and zeros."""
    runs, start = [], 0
    for place in range(1, len(present) + 1):
        if place == len(present) or present[place] != present[start]:
            runs.append(_varint((place - start) << 1) + bytes([present[start]]))
            start = place
    return b"".join(runs)


def _chunk(column: Column, rows: int, place: int, size: int, raw_size: int) -> bytes:
    about = _struct(
        (1, _I32, _PHYSICAL[column.kind]),
        (2, _LIST, _list(_I32, [_zigzag(_PLAIN), _zigzag(_RLE)])),
        (3, _LIST, _list(_BINARY, [_binary(column.name)])),
        (4, _I32, _GZIP),
        (5, _I64, rows),
        (6, _I64, raw_size),
        (7, _I64, size),
        (9, _I64, place),
    )
    return _struct((2, _I64, place), (3, _STRUCT, about))


def _footer(columns: Sequence[Column], groups: Sequence[_Group]) -> bytes:
    schema = [_struct((4, _BINARY, _binary("rows")), (5, _I32, len(columns)))]
    for column in columns:
        parts: list[tuple[int, int, Any]] = [
            (1, _I32, _PHYSICAL[column.kind]), (3, _I32, _OPTIONAL),
            (4, _BINARY, _binary(column.name)),
        ]  # fmt: skip
        if column.kind in _CONVERTED:
            parts.append((6, _I32, _CONVERTED[column.kind]))
        schema.append(_struct(*parts))
    described = [
        _struct((1, _LIST, _list(_STRUCT, group.chunks)), (2, _I64, group.size),
                (3, _I64, group.rows))
        for group in groups
    ]  # fmt: skip
    return _struct(
        (1, _I32, 1),
        (2, _LIST, _list(_STRUCT, schema)),
        (3, _I64, sum(group.rows for group in groups)),
        (4, _LIST, _list(_STRUCT, described)),
        (6, _BINARY, _binary("portal")),
    )


def _struct(*fields: tuple[int, int, Any]) -> bytes:
    """A struct: numbers are encoded here, everything else comes as bytes."""
    found, last = [], 0
    for number, kind, value in fields:
        found.append(bytes([(number - last) << 4 | kind]))
        found.append(_zigzag(value) if kind in (_I32, _I64) else value)
        last = number
    return b"".join(found) + b"\0"


def _list(kind: int, items: Sequence[bytes]) -> bytes:
    size = len(items)
    head = bytes([size << 4 | kind]) if size < 15 else bytes([0xF0 | kind]) + _varint(size)
    return head + b"".join(items)


def _binary(text: str) -> bytes:
    data = text.encode()
    return _varint(len(data)) + data


def _zigzag(value: int) -> bytes:
    return _varint(value << 1 if value >= 0 else (-value << 1) - 1)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
