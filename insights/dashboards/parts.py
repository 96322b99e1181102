"""Blocks that every page uses: tiles, lines over time, bars by group."""

from collections.abc import Sequence
from datetime import date, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import formats
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from insights.dashboards.blocks import Block, Cell, Table, Tile
from insights.dashboards.charts import Series, bar, line
from insights.dashboards.scope import Scope
from insights.figures.figure import Figure, figure, figures, is_approximate
from insights.figures.periods import add_months
from insights.figures.plan import Filter, Plan
from insights.figures.wording import difference_text, key_text, value_text
from insights.links import parameters, rows_link
from insights.measures import DIMENSIONS, MEASURES, Measure

#: The share of days that must have a figure for a line by day; below, it is a line by week.
_KNOWN = 0.75


def tile(scope: Scope, key: str, *, lead: bool = False, name: str = "") -> Tile:
    """A figure of the period against the one before."""
    plan = scope.plan(key)
    now = figure(plan)
    before = figure(plan.over(plan.compare)) if plan.compare else None
    measure = plan.definition
    change, mood = change_of(measure, now, before)
    return Tile(
        name=name or capfirst(str(measure.name)),
        value=value_text(now.value, measure.unit),
        link=rows_link(plan) if now.rows else "",
        basis=basis(measure, now) + (_(", ±1 %") if is_approximate(plan) else ""),
        change=change,
        mood=mood,
        meaning=f"{measure.meaning} {capfirst(str(measure.formula))}.",
        lead=lead,
    )


def change_of(measure: Measure, now: Figure, before: Figure | None) -> tuple[str, str]:
    """The change in words, and whether it is good."""
    if before is None or now.value is None or before.value is None:
        return "", ""
    difference = now.value - before.value
    if measure.unit == "count" and before.value:
        share = difference / before.value
        sign = "±" if abs(share) < 0.005 else "+" if share > 0 else "−"
        text = f"{sign}{abs(share) * 100:.0f}\u202f%"
    else:
        text = difference_text(difference, measure.unit)
    if measure.direction == "none" or text.startswith("±"):
        return text, ""
    return text, "good" if (difference > 0) == (measure.direction == "up") else "bad"


def basis(measure: Measure, found: Figure) -> str:
    """What a figure rests on, or why there is none."""
    if found.value is None:
        return _("not enough data: %(n)s of at least %(least)s") % {
            "n": found.out_of, "least": measure.minimum
        }  # fmt: skip
    if measure.kind == "ratio":
        text = _("%(n)s of %(all)s") % {"n": f"{found.counted:,}", "all": f"{found.out_of:,}"}
        if found.low is not None and found.high is not None and found.out_of < 5000:
            low, high = (value_text(end, "share") for end in (found.low, found.high))
            text += " · " + _("%(low)s to %(high)s") % {"low": low, "high": high}
        return text
    if measure.kind in ("percentile", "mean", "money"):
        return _("from %s") % f"{found.out_of:,}"
    return ""


def tiles(scope: Scope, *keys: str) -> tuple[Tile, ...]:
    return tuple(tile(scope, key) for key in keys)


def over_time(scope: Scope, key: str, title: str, *others: str, note: str = "") -> Block:
    """A line over the period, with further measures of the same unit beside it."""
    step = _step(scope, key, *others)
    labels = axis(scope, step)
    series: list[Series] = []
    found = []
    for measure in (key, *others):
        plan = scope.plan(measure, step)
        by_key = {item.key: item for item in figures(plan)}
        found.append(by_key)
        links = [_link(plan, label.isoformat()) for label in labels]
        values = [by_key[d.isoformat()].value if d.isoformat() in by_key else None for d in labels]
        if plan.definition.kind == "count":
            values = [value or 0 for value in values]
        series.append(Series(str(plan.definition.name), values, links))
    unit = MEASURES[key].unit
    names = [short(day, step) for day in labels]
    rows = tuple(
        (
            Cell(name, number=False),
            *(Cell(value_text(item.values[place], unit), item.links[place]) for item in series),
        )
        for place, name in enumerate(names)
    )
    heads = (capfirst(str(DIMENSIONS[step].name)),
             *(capfirst(item.name) for item in series))  # fmt: skip
    export = export_link(scope.plan(key, step))
    known = sum(value is not None for value in series[0].values)
    drawn = line(title, names, series, unit) if known > 1 else ""
    if not drawn and any(found):
        note = _("Too little was recorded for a line; the table says what there is.")
    return Block(
        title, note, chart=drawn,
        table=Table(heads, rows, title, export), folded=True,
        empty="" if any(found) else _("Nothing was recorded in this period."),
    )  # fmt: skip


def _step(scope: Scope, *keys: str) -> str:
    """The step of the lines: weeks where a line would have more gaps than days."""
    if scope.step != "day":
        return scope.step
    for key in keys:
        if MEASURES[key].minimum:
            days = figures(scope.plan(key, "day"))
            if sum(item.value is not None for item in days) < _KNOWN * scope.period.days:
                return "week"
    return "day"


def axis(scope: Scope, step: str) -> list[date]:
    """The days, Mondays or first days of months of the period."""
    day, days = scope.period.start, []
    if step == "week":
        day -= timedelta(days=day.weekday())
    elif step == "month":
        day = day.replace(day=1)
    while day < scope.period.end:
        days.append(day)
        day = add_months(day, 1) if step == "month" else day + timedelta(
            days=7 if step == "week" else 1)  # fmt: skip
    return days


def short(day: date, step: str) -> str:
    return formats.date_format(day, "M Y" if step == "month" else "j M")


def by_group(
    scope: Scope, key: str, group: str, title: str, *, note: str = "", limit: int = 12,
    beside: Sequence[str] = (), compared: bool = True,
) -> Block:  # fmt: skip
    """A bar for each group, with its change and further measures beside it."""
    plan = scope.plan(key, group, limit=limit)
    found = figures(plan)
    before = {}
    if plan.compare and compared:
        whole = plan.over(plan.compare)
        before = {item.key: item for item in figures(_all(whole))}
    extra = [(name, {f.key: f for f in figures(_all(scope.plan(name, group)))}) for name in beside]
    top = max((item.value or 0 for item in found), default=0)
    rows = tuple(_group_row(plan, item, before, extra, top) for item in found)
    measure = plan.definition
    heads = (capfirst(str(DIMENSIONS[group].name)), capfirst(str(measure.name)), "",
             *([_("Change")] if before else []),
             *(capfirst(str(MEASURES[name].name)) for name in beside))  # fmt: skip
    return Block(
        title, note, table=Table(heads, rows, title, export_link(plan)) if rows else None,
        empty="" if rows else _("Nothing was recorded in this period."),
    )  # fmt: skip


def _all(plan: Plan) -> Plan:
    return Plan(plan.measure, plan.period, plan.filters, plan.group)


def _group_row(
    plan: Plan, item: Figure, before: dict[str, Figure],
    extra: Sequence[tuple[str, dict[str, Figure]]], top: float,
) -> tuple[Cell, ...]:  # fmt: skip
    change, _mood = change_of(plan.definition, item, before.get(item.key))
    others = []
    for name, by_key in extra:
        found = by_key.get(item.key)
        text = value_text(found.value if found else None, MEASURES[name].unit)
        linked = Plan(name, plan.period, plan.filters, plan.group)
        others.append(Cell(text, _link(linked, item.key) if found and found.rows else ""))
    return (
        Cell(capfirst(key_text(plan.group, item.key)), number=False),
        Cell(value_text(item.value, plan.definition.unit), _link(plan, item.key)),
        Cell("", bar=bar(item.value, top)),
        *([Cell(change, reckoned=True)] if before else []),
        *others,
    )


def _link(plan: Plan, key: str) -> str:
    kept = tuple(item for item in plan.filters if item.dimension != plan.group)
    return rows_link(Plan(plan.measure, plan.period, (*kept, Filter(plan.group, (key,)))))


def export_link(plan: Plan) -> str:
    return f"{reverse('insights-export')}?{urlencode(parameters(plan))}"
