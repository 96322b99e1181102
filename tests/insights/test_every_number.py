"""Every number on every page opens exactly the rows that it counts, or says that it is reckoned."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from conversations.models import Review, ReviewDraw, ReviewItem, Turn
from insights.dashboards.blocks import Cell, Page, Tile
from insights.figures.figure import count_rows, figure
from insights.links import plan_from
from insights.measures import MEASURES
from insights.navigation import PAGES

pytestmark = pytest.mark.django_db
SPAN = "period=2026-09-25/2026-11-18"
#: Pages that are no dashboards of tiles and tables, with tests of their own.
OTHERS = {"ask", "brief", "ladder", "measures"}


@pytest.fixture
def manager(client: Client) -> Client:
    user = get_user_model().objects.create_user("mara", password="x")
    user.groups.add(Group.objects.get_or_create(name="manager")[0])
    client.force_login(user)
    return client


def _pages(client: Client) -> Iterator[tuple[str, Page]]:
    for key, name, _title in PAGES:
        if key not in OTHERS:
            yield key, client.get(f"{reverse(name)}?{SPAN}").context["page"]


def _numbers(page: Page) -> Iterator[tuple[str, Tile | Cell, str]]:
    """Every tile and cell with a figure in it: where it stands, itself, what it says."""
    for block in page.blocks:
        for tile in block.tiles:
            yield f"{block.title}: {tile.name}", tile, str(tile.value)
        for row in block.table.rows if block.table else ():
            for place, cell in enumerate(row):
                if cell.number:
                    yield f"{block.title}: {row[0].text}, column {place}", cell, str(cell.text)


def test_every_number_has_a_link_or_is_reckoned(history: None, manager: Client) -> None:
    bare = []
    for key, page in _pages(manager):
        for where, item, text in _numbers(page):
            counts = any(digit in text for digit in "123456789")
            if counts and not item.link and not item.reckoned:
                bare.append(f"{key}: {where}: {text}")
    assert not bare, "\n".join(bare)


def test_every_link_opens_as_many_rows_as_the_figure_counts(history: None, manager: Client) -> None:
    seen: dict[str, str] = {}
    for key, page in _pages(manager):
        for where, item, text in _numbers(page):
            if item.link.startswith(reverse("insights-rows") + "?"):
                seen[item.link] = f"{key}: {where}: {text}"
    assert len(seen) > 300
    for link, where in seen.items():
        plan = plan_from({k: v[0] for k, v in parse_qs(urlsplit(link).query, True).items()})
        assert plan.measure in MEASURES
        assert count_rows(plan) == figure(plan, exact=True).rows, where


def test_a_whole_number_is_the_number_of_rows_behind_it(history: None, manager: Client) -> None:
    checked = 0
    for key, page in _pages(manager):
        for where, item, text in _numbers(page):
            if item.reckoned or not item.link or not re.fullmatch(r"[\d,]+", text):
                continue
            query = {k: v[0] for k, v in parse_qs(urlsplit(item.link).query, True).items()}
            measure = MEASURES.get(query.get("measure", ""))
            if measure is not None and measure.kind not in ("count", "ratio"):
                continue  # a sum or a middle: its link opens what it rests on
            assert _rows(manager, item.link) == int(text.replace(",", "")), f"{key}: {where}"
            checked += 1
    assert checked > 60


def _rows(client: Client, link: str) -> int:
    if link.startswith(reverse("insights-rows") + "?"):
        return count_rows(
            plan_from({k: v[0] for k, v in parse_qs(urlsplit(link).query, True).items()})
        )
    return int(client.get(link).context["total"])


def test_the_weighted_rate_opens_the_wrong_answers_and_all_judged_ones(
    history: None, manager: Client, now: datetime
) -> None:
    reviewer = get_user_model().objects.create_user("rita")
    week = now.date() - timedelta(days=now.weekday())
    draw = ReviewDraw.objects.create(week=week, seed=1, population=100, size=60, drawn_at=now)
    answers = Turn.objects.filter(decision="answer", accepted_at__lt=now - timedelta(days=2))
    turns = list(answers.order_by("-accepted_at", "pk")[:60])
    Review.objects.filter(turn__in=turns).delete()
    for place, turn in enumerate(turns):
        ReviewItem.objects.filter(turn=turn).delete()
        ReviewItem.objects.create(turn=turn, draw=draw, weight=3.0, why=["sample"], priority=3,
                                  added_at=now)  # fmt: skip
        verdict = Review.Verdict.WRONG if place < 7 else Review.Verdict.RIGHT
        Review.objects.create(turn=turn, reviewer=reviewer, verdict=verdict)
    page: Any = manager.get(f"{reverse('insights-quality')}?{SPAN}").context["page"]
    tile = page.blocks[0].tiles[0]
    assert tile.link
    opened = manager.get(tile.link)
    assert opened.context["total"] == 7
    assert manager.get(opened.context["other_link"]).context["total"] == 60


def test_a_row_set_that_there_is_not_is_not_found(history: None, manager: Client) -> None:
    assert manager.get(f"/insights/rows/secrets/?{SPAN}").status_code == 404
    assert manager.get("/insights/rows/served/?period=never").status_code == 400


def test_every_row_of_an_answer_has_a_cell_below_every_head(history: None, manager: Client) -> None:
    """A group with too few cases has no bar, but its cell stays."""
    plan = {"measure": "wait_time", "group": "topic", "period": "2026-09-25/2026-11-18"}
    html = manager.get(reverse("insights-ask"), plan).content.decode()
    table = html[html.index("<thead>") : html.index("</tbody>")]
    heads = len(re.findall(r"<th[ >]", table[: table.index("</thead>")]))
    rows = re.findall(r"<tr>(.*?)</tr>", table[table.index("<tbody>") :], re.S)
    assert {"bar-fill" in row for row in rows} == {True, False}
    assert {len(re.findall(r"<t[hd][ >]", row)) for row in rows} == {heads}
