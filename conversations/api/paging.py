"""Pages by cursor: what was read stays read, however many rows are added meanwhile.

A cursor holds the sort key of the last entry, so a page begins right after it: nothing is skipped
or shown twice, and a page deep down costs as much as the first.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from portal import limits
from portal.core.errors import InvalidInput

_MOST_CHARS = 300


class BadCursor(InvalidInput):
    """This cursor is not one of ours. Take `next` of the page before, or begin without one."""

    code = "bad_cursor"


@dataclass(frozen=True)
class Order:
    """The field that a list is sorted by, then its key, which no two rows share.

    `read` makes the field's value of a cursor's, `read_key` the key's.
    """

    field: str
    descending: bool
    read: Callable[[Any], Any]
    read_key: Callable[[Any], Any]
    key: str = "pk"

    @property
    def columns(self) -> Sequence[str]:
        sign = "-" if self.descending else ""
        return tuple(dict.fromkeys((f"{sign}{self.field}", f"{sign}{self.key}")))

    def after(self, cursor: str) -> Q:
        """The condition of what comes after a cursor. Raises BadCursor."""
        value, key = self._decode(cursor)
        way = "lt" if self.descending else "gt"
        here = Q(**{f"{self.field}__{way}e": value})  # what an index can begin with
        return here & (Q(**{f"{self.field}__{way}": value}) | Q(**{f"{self.key}__{way}": key}))

    def cursor(self, row: Model) -> str:
        value = getattr(row, self.field)
        plain = value.isoformat() if isinstance(value, datetime) else value
        words = json.dumps([plain, str(getattr(row, self.key))])
        return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")

    def _decode(self, cursor: str) -> tuple[Any, Any]:
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            value, key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            return self.read(value), self.read_key(key)
        except (ValueError, TypeError, binascii.Error, OverflowError, RecursionError):
            raise BadCursor from None


def moment(value: Any) -> datetime:
    """A point in time with its zone. Raises ValueError or TypeError."""
    found = datetime.fromisoformat(value)
    if found.tzinfo is None or not 1970 <= found.year <= 9998:
        raise ValueError
    return found


def number(value: Any) -> int:
    """A number that a column of the database can hold. Raises ValueError."""
    if not (isinstance(value, int) or (isinstance(value, str) and value.isascii())):
        raise TypeError
    found = int(value)
    if not 0 <= found < 2**31:
        raise ValueError
    return found


def newest_first(field: str) -> Order:
    return Order(field, True, moment, UUID)


class PageQuery(serializers.Serializer[Any]):
    """The parameters that every list takes."""

    cursor = serializers.CharField(
        required=False, max_length=_MOST_CHARS, help_text="From `next` of the page before."
    )
    limit = serializers.IntegerField(
        default=limits.API_PAGE,
        min_value=1,
        max_value=limits.API_MOST,
        help_text=f"Entries of a page, at most {limits.API_MOST}.",
    )


def page(
    request: Request,
    rows: QuerySet[Any],
    order: Order,
    query: dict[str, Any],
    show: Callable[[Any], Any],
) -> dict[str, Any]:
    """`{"results": […], "next": "/api/…?cursor=…" or None}`; `next` keeps the filters."""
    if cursor := query.get("cursor"):
        rows = rows.filter(order.after(cursor))
    size = query["limit"]
    found = list(rows.order_by(*order.columns)[: size + 1])
    more = None
    if len(found) > size:
        parameters = request.query_params.copy()
        parameters["cursor"] = order.cursor(found[size - 1])
        more = f"{request.path}?{parameters.urlencode()}"
    return {"results": [show(row) for row in found[:size]], "next": more}
