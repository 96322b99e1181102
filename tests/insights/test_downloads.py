"""Downloads: what is in them is what the page counts, in both forms, a piece at a time."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.core.handlers.asgi import ASGIRequest
from django.test import AsyncRequestFactory, Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from insights import export_views
from insights.export import download, neutral
from insights.figures.figure import count_rows
from insights.figures.periods import Period
from insights.figures.plan import Plan
from insights.parquet import GROUP_ROWS, Column, parquet

PERIOD = Period(date(2026, 9, 25), date(2026, 11, 18))
SPAN = f"period={PERIOD.start}/{PERIOD.end}"
COLUMNS = (Column("name", "text"), Column("n", "integer"), Column("x", "number"),
           Column("at", "moment"))  # fmt: skip

cells = st.tuples(
    st.none() | st.text(max_size=20),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False),
    st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
)


@pytest.fixture
def manager(db: None, client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("downloads", password="x"))
    return client


def _read(path: Path, names: str = 'name, n, x, epoch_us("at")') -> list[tuple[Any, ...]]:
    return duckdb.connect().execute(f"SELECT {names} FROM read_parquet('{path}')").fetchall()


def _body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


@settings(deadline=None)
@given(st.lists(cells, max_size=30))
def test_another_reader_finds_in_a_parquet_file_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]]
) -> None:
    path = tmp_path_factory.mktemp("parquet") / "rows.parquet"
    path.write_bytes(b"".join(parquet(COLUMNS, rows)))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    expected = [
        (name, n, x, None if at is None else round((at - epoch).total_seconds() * 10**6))
        for name, n, x, at in rows
    ]
    found = _read(path)
    assert [row[:3] for row in found] == [row[:3] for row in expected]
    for one, other in zip(found, expected, strict=True):
        assert one[3] == pytest.approx(other[3], abs=1) if other[3] is not None else one[3] is None


def test_a_long_file_is_made_a_group_at_a_time(tmp_path: Path) -> None:
    taken = 0

    def rows() -> Any:
        nonlocal taken
        for number in range(GROUP_ROWS * 2 + 5):
            taken += 1
            yield f"row {number}", number, number / 2, None

    pieces = parquet(COLUMNS, rows())
    data = next(pieces) + next(pieces)
    assert taken == GROUP_ROWS  # the rest is not read before it is wanted
    path = tmp_path / "long.parquet"
    path.write_bytes(data + b"".join(pieces))
    found = _read(path)
    assert len(found) == GROUP_ROWS * 2 + 5
    assert found[-1] == (f"row {GROUP_ROWS * 2 + 4}", GROUP_ROWS * 2 + 4, GROUP_ROWS + 2.0, None)


def test_figures_are_the_same_in_both_forms(history: None, manager: Client, tmp_path: Path) -> None:
    query = f"measure=conversations&group=topic&{SPAN}"
    response = manager.get(f"{reverse('insights-export')}?{query}")
    body = _body(response).decode()
    assert response["Content-Disposition"] == 'attachment; filename="conversations.csv"'
    names = [line.split(",")[0] for line in body.splitlines()[1:]]
    path = tmp_path / "figures.parquet"
    other = manager.get(f"{reverse('insights-parquet')}?{query}")
    path.write_bytes(_body(other))
    read = _read(path, "topic, counted")
    assert [name for name, _ in read] == names
    assert "Delivery" in names
    assert sum(count for _, count in read) == count_rows(Plan("conversations", PERIOD))


def test_rows_are_all_there_once_over_many_pages(
    history: None, manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_views, "PAGE", 7)
    for measure in ("escalations", "questions", "automation"):
        response = manager.get(f"{reverse('insights-rows-export')}?measure={measure}&{SPAN}")
        lines = _body(response).decode().splitlines()[1:]
        assert len(lines) == len(set(lines)) == count_rows(Plan(measure, PERIOD))
        assert lines == sorted(lines, reverse=True)


def test_the_real_server_gets_pieces_and_not_the_whole() -> None:
    made = []

    def rows() -> Any:
        for number in range(25_000):
            made.append(number)
            yield "x", number, None, None

    request = AsyncRequestFactory().get("/")
    assert isinstance(request, ASGIRequest)
    response = download(request, "x", "csv", COLUMNS, rows())

    async def first_two() -> int:
        pieces = aiter(response.streaming_content)  # type: ignore[arg-type]
        await anext(pieces)
        await anext(pieces)
        return len(made)

    assert async_to_sync(first_two)() <= 2_000


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_a_cell_never_becomes_a_formula(text: str) -> None:
    assert neutral(text) == f"'{text}"
    assert neutral(-1.5) == -1.5
