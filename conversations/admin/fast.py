"""Lists that stay quick over millions of rows: pages are counted up to a limit, words are found
through the full-text index, and nothing asks for the whole table."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar, Literal

from django.contrib import admin
from django.contrib.postgres.search import SearchQuery
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from conversations.admin.typed import ModelAdmin

#: As far as anybody pages; who looks for more narrows the list by filter or search.
COUNTED = 5_000
#: Messages that a search for words looks at, the newest first.
FOUND = 500
#: A word that is in so many of the newest messages is common enough to be found there alone.
NEWEST, COMMON = 2_000, 50
PAGE = 50


class CappedPaginator(Paginator):
    """Counts at most COUNTED rows; `is_capped` where there may be more."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[:COUNTED].count())

    @property
    def is_capped(self) -> bool:
        return self.count >= COUNTED


class NamedValues(admin.AllValuesFieldListFilter):
    """The values that a column has; the empty one has a name too, for eyes and screen readers."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": choice["display"] or _("none")}


class KnownValues(NamedValues):
    """The values that a column has, read from its index one by one: the table is not scanned."""

    def __init__(self, field: Any, request: Any, params: Any, model: Any, *args: Any, **kw: Any):
        super().__init__(field, request, params, model, *args, **kw)
        self.lookup_choices: Any = known_values(model, field.column)


def known_values(model: Any, column: str, most: int = 30) -> list[str]:
    """The first values of an indexed column in their order, each found by one step in the index."""
    name, table = connection.ops.quote_name(column), connection.ops.quote_name(model._meta.db_table)
    step = f"SELECT {name} FROM {table} WHERE {name} > seen.value ORDER BY {name} LIMIT 1"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE seen(value) AS ((SELECT {name} FROM {table} ORDER BY {name} LIMIT 1) "  # noqa: S608
            f"UNION ALL SELECT ({step}) FROM seen WHERE value IS NOT NULL) "
            "SELECT value FROM seen WHERE value IS NOT NULL LIMIT %s",
            [most],
        )
        return [row[0] for row in cursor.fetchall()]


def estimated_rows(model: Any) -> str:
    """About how many rows the table has, as PostgreSQL last counted them: no row is read.

    Empty where the list counts them itself.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = %s::regclass",
            [model._meta.db_table],
        )
        count = int(cursor.fetchone()[0])
    return f"{float(f'{count:.2g}'):,.0f}" if count > COUNTED else ""


class FastAdmin(ModelAdmin):
    """`word_path`: where the conversation's id is, for a search by the words that were said."""

    paginator = CappedPaginator
    list_per_page = PAGE
    list_max_show_all = PAGE
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by: ClassVar[Any] = ()  # a column without an index would sort the whole table
    word_path: ClassVar[str] = ""
    word_field: ClassVar[Literal["conversation_id", "id"]] = "conversation_id"
    search_help_text: ClassVar[Any] = _(
        "An id, or words that were said. The newest 500 messages with these words are looked at."
    )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = capfirst(str(self.opts.verbose_name_plural))
        context = {"title": title, "rows_in_all": estimated_rows(self.model)}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not self.word_path or not search_term.strip() or _is_id(search_term):
            return super().get_search_results(request, queryset, search_term)
        found = said_in(search_term, self.word_field)
        return queryset.filter(**{f"{self.word_path}__in": found}), False


def said_in(words: str, field: Literal["conversation_id", "id"] = "conversation_id") -> list[Any]:
    """Where the words were said lately: ids of conversations or of messages, the newest first.

    First among the newest messages: a common word is found there. A rare one is looked up in the
    full-text index; the planner, left to choose, might read the table from its newest row on, for
    minutes where two common words are never said together.
    """
    index = "to_tsvector('english'::regconfig, coalesce(text, ''))"
    query = "websearch_to_tsquery('english'::regconfig, %s)"
    recent = (
        f"SELECT {field} FROM (SELECT id, conversation_id, text, created_at "  # noqa: S608
        "FROM conversations_message ORDER BY created_at DESC LIMIT %s) newest "
        f"WHERE {index} @@ {query} ORDER BY created_at DESC LIMIT %s"
    )
    anywhere = (
        f"WITH hits AS MATERIALIZED (SELECT {field}, created_at FROM conversations_message "  # noqa: S608
        f"WHERE {index} @@ {query}) SELECT {field} FROM hits ORDER BY created_at DESC LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(recent, [NEWEST, words[:200], FOUND])
        rows = cursor.fetchall()
        if len(rows) < COMMON:
            cursor.execute(anywhere, [words[:200], FOUND])
            rows = cursor.fetchall()
    return list(dict.fromkeys(row[0] for row in rows))


def known_as(words: str) -> Q:
    """Customers by the beginnings of names, addresses or identities."""
    terms = ["".join(c for c in word if c.isalnum() or c in "@.-_") for word in words.split()[:8]]
    begun = [term if "." in term.partition("@")[2] else term.partition("@")[0] for term in terms]
    query = SearchQuery(
        " & ".join(f"'{term}':*" for term in begun if term), search_type="raw", config="simple"
    )
    return Q(words=query) if any(begun) else Q(pk=None)


def _is_id(term: str) -> bool:
    plain = term.strip().replace("-", "")
    return len(plain) == 32 and all(c in "0123456789abcdefABCDEF" for c in plain)
