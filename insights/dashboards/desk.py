"""Desk: waiting, promises, the load by hour and weekday, and the staffing that it needs."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from insights.dashboards.blocks import Block, Cell, Page, Table
from insights.dashboards.parts import by_group, over_time, tiles
from insights.dashboards.scope import Scope
from insights.figures.figure import by_hour, figure
from insights.figures.statistics import agents_needed
from insights.links import rows_link
from insights.measures import WEEKDAYS, label
from insights.roi.assumptions import Key, held_on

PROMISE_SECONDS, PROMISE_SHARE = 600, 0.8
SHADES = 8


def build(scope: Scope) -> Page:
    load = _load(scope)
    return Page(
        "desk",
        _("Desk"),
        _("What people had to do, how long customers waited for them, and how many are needed."),
        (
            Block("", tiles=tiles(scope, "escalations", "wait_time", "wait_p95", "handle_time",
                                  "sla_kept", "csat")),
            over_time(scope, "wait_time", _("Waiting time over time"), "wait_p95"),
            _heat(scope, load),
            _staffing(scope, load),
            by_group(scope, "escalations", "reason", _("Reasons"),
                     beside=("wait_time", "sla_kept")),
            by_group(scope, "escalations", "agent", _("By agent"),
                     beside=("handle_time", "sla_kept")),
            by_group(scope, "escalations", "topic", _("By topic"), beside=("handle_time",)),
        ),
    )  # fmt: skip


def _load(scope: Scope) -> dict[tuple[int, int], int]:
    """Hand-overs by (weekday, hour) in the portal's zone."""
    found: dict[tuple[int, int], int] = {}
    for hour, count in by_hour(scope.plan("escalations"), scope.zone).items():
        local = hour.astimezone(scope.zone)
        place = (local.weekday(), local.hour)
        found[place] = found.get(place, 0) + count
    return found


def _heat(scope: Scope, load: dict[tuple[int, int], int]) -> Block:
    most = max(load.values(), default=0)
    link_of = _cell_links(scope)
    rows = []
    for hour in range(24):
        cells = [Cell(f"{hour:02d}:00", number=False)]
        for day in range(7):
            count = load.get((day, hour), 0)
            heat = round(SHADES * count / most) if most else 0
            link = link_of(day, hour) if count else ""
            cells.append(Cell(str(count), link, heat=heat))
        rows.append(tuple(cells))
    heads = (_("Hour"), *(label("weekday", day)[:3] for day in WEEKDAYS))
    title = _("Load by hour and weekday")
    return Block(
        title, _("Hand-overs of the whole period; darker is more."),
        table=Table(heads, tuple(rows), title, dense=True) if most else None,
        empty="" if most else _("No hand-overs in this period."),
    )  # fmt: skip


def _cell_links(scope: Scope) -> Callable[..., str]:
    """Links to the hand-overs of a weekday's hours: what they share is made once for all cells."""
    shared = rows_link(scope.plan("escalations"))

    def link(day: int, *hours: int) -> str:
        at = urlencode({"hour": "~".join(map(str, hours)), "weekday": WEEKDAYS[day]})
        return f"{shared}&{at}"

    return link


def _staffing(scope: Scope, load: dict[tuple[int, int], int]) -> Block:
    """Places for each stretch of a day, by Erlang C, from this period's own load."""
    handle = figure(scope.plan("handle_time")).raw
    title = _("Places needed")
    if not handle or not load:
        return Block(title, empty=_("Without resolved hand-overs there is nothing to reckon with."))
    parallel = held_on(scope.period.last)[Key.PARALLEL].value
    days = [sum(1 for d in range(scope.period.days)
                if (scope.period.start.weekday() + d) % 7 == day) for day in range(7)]  # fmt: skip
    link_of = _cell_links(scope)
    rows = []
    for first in range(0, 24, 3):
        cells = [Cell(f"{first:02d}–{first + 3:02d}", number=False)]
        for day in range(7):
            busiest = max(load.get((day, hour), 0) for hour in range(first, first + 3))
            per_hour = busiest / days[day] if days[day] else 0.0
            need = agents_needed(
                per_hour, handle / parallel, within_seconds=PROMISE_SECONDS, share=PROMISE_SHARE
            )
            link = link_of(day, *range(first, first + 3)) if busiest else ""
            cells.append(Cell(str(need), link, reckoned=True))
        rows.append(tuple(cells))
    heads = (_("Hours"), *(label("weekday", day)[:3] for day in WEEKDAYS))
    return Block(
        title,
        _("So that 80 % wait at most 10 minutes in the busiest hour (Erlang C), with the median "
          "handling time and the assumed number of conversations at once."),
        table=Table(heads, tuple(rows), title, dense=True),
    )  # fmt: skip
