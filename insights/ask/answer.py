"""Executes a plan and says what came out: a sentence, a table, the kind of chart, the link."""

from dataclasses import dataclass
from typing import Literal

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from insights.figures.decompose import Contribution, Sums, concentration, of_count, of_ratio
from insights.figures.figure import Figure, figure, figures, is_approximate
from insights.figures.plan import SAVINGS, Filter, Plan
from insights.figures.reading import one_moment
from insights.figures.statistics import counts_may_be_chance, may_be_chance
from insights.figures.wording import (
    difference_text,
    filters_text,
    key_text,
    period_text,
    value_text,
)
from insights.links import rows_link
from insights.measures import DIMENSIONS, SERIES, allowed
from insights.measures.definition import Unit
from insights.roi.savings import savings

Chart = Literal["", "bars", "line"]
_CUTS = ("topic", "language", "channel", "reason", "tier", "decision", "agent")


@dataclass(frozen=True)
class Row:
    """One line of the table, with the link to the rows behind it."""

    key: str
    name: str
    text: str
    value: float | None
    counted: int
    out_of: int
    link: str
    before: str = ""
    change: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Reason:
    """A group's part in a change."""

    name: str
    before: str
    after: str
    total: str
    mix: str
    rate: str
    before_link: str
    link: str


@dataclass(frozen=True)
class Cut:
    """The change split by one dimension."""

    dimension: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Answer:
    plan: Plan
    sentence: str
    rows: tuple[Row, ...]
    link: str
    chart: Chart = ""
    cuts: tuple[Cut, ...] = ()
    enough: bool = True


def answer(plan: Plan) -> Answer:
    """Answer a checked plan. Every number comes from the figures, none from a text."""
    with one_moment():
        if plan.measure == SAVINGS:
            return _savings(plan)
        if plan.why:
            return _why(plan)
        return _grouped(plan) if plan.group else _single(plan)


def scope(plan: Plan) -> str:
    """The period and the filters in words."""
    where = filters_text(plan.filters)
    return f"{period_text(plan.period)}, {where}" if where else period_text(plan.period)


def _row(plan: Plan, found: Figure, before: Figure | None = None) -> Row:
    unit = plan.definition.unit
    filters = plan.filters
    if plan.group:
        kept = tuple(item for item in filters if item.dimension != plan.group)
        filters = (*kept, Filter(plan.group, (found.key,)))
    change = ""
    if before is not None and found.value is not None and before.value is not None:
        change = difference_text(found.value - before.value, unit)
    return Row(
        key=found.key,
        name=key_text(plan.group, found.key) if plan.group else str(plan.definition.name),
        text=value_text(found.value, unit),
        value=found.value,
        counted=found.counted,
        out_of=found.out_of,
        link=rows_link(Plan(plan.measure, plan.period, filters)),
        before=value_text(before.value, unit) if before else "",
        change=change,
        low=found.low,
        high=found.high,
    )


def _single(plan: Plan) -> Answer:
    found = figure(plan)
    before = figure(plan.over(plan.compare)) if plan.compare else None
    row = _row(plan, found, before)
    link = rows_link(plan)
    if found.value is None:
        return Answer(plan, _too_few(plan, found), (row,), link, enough=False)
    sentence = _("%(name)s, %(scope)s: %(value)s%(basis)s.") % {
        "name": capfirst(str(plan.definition.name)), "scope": scope(plan), "value": row.text,
        "basis": _basis(plan, found),
    }  # fmt: skip
    if before is not None and plan.compare is not None:
        sentence += " " + _against(plan, row, before)
    return Answer(plan, sentence, (row,), link)


def _basis(plan: Plan, found: Figure) -> str:
    """What a share or a middle rests on."""
    if plan.definition.kind == "ratio":
        text = _(" (%(counted)s of %(out_of)s") % {
            "counted": f"{found.counted:,}", "out_of": f"{found.out_of:,}"
        }  # fmt: skip
        if found.low is not None and found.high is not None and found.out_of < 5000:
            text += _("; 95 %% interval %(low)s to %(high)s") % {
                "low": value_text(found.low, "share"), "high": value_text(found.high, "share"),
            }  # fmt: skip
        return text + ")"
    if plan.definition.kind in ("percentile", "mean"):
        near = _(", within 1 %") if is_approximate(plan) else ""
        return _(" (from %s") % f"{found.out_of:,}" + f"{near})"
    return ""


def _against(plan: Plan, row: Row, before: Figure) -> str:
    assert plan.compare is not None
    if before.value is None:
        return _("There is not enough data for %s to compare with.") % period_text(plan.compare)
    return _("In %(period)s it was %(value)s (%(change)s).") % {
        "period": period_text(plan.compare), "value": row.before, "change": row.change,
    }  # fmt: skip


def _too_few(plan: Plan, found: Figure) -> str:
    return _("Not enough data: %(name)s, %(scope)s rests on %(number)s; at least %(least)s are "
             "needed.") % {
        "name": plan.definition.name, "scope": scope(plan), "number": found.out_of,
        "least": plan.definition.minimum,
    }  # fmt: skip


def _grouped(plan: Plan) -> Answer:
    found = figures(plan)
    before = {item.key: item for item in figures(plan.over(plan.compare))} if plan.compare else {}
    comparable = plan.group not in SERIES  # the days of two periods are not the same days
    rows = tuple(_row(plan, item, before.get(item.key) if comparable else None) for item in found)
    link = rows_link(Plan(plan.measure, plan.period, plan.filters))
    known = [row for row in rows if row.value is not None]
    name = capfirst(str(plan.definition.name))
    if not known:
        text = _("Not enough data: %(name)s by %(group)s, %(scope)s.") % {
            "name": name, "group": DIMENSIONS[plan.group].name, "scope": scope(plan)
        }  # fmt: skip
        return Answer(plan, text, rows, link, enough=False)
    chart: Chart = "line" if plan.group in SERIES else "bars"
    return Answer(plan, _extremes(plan, name, known), rows, link, chart)


def _extremes(plan: Plan, name: str, known: list[Row]) -> str:
    top = max(known, key=lambda row: row.value or 0)
    low = min(known, key=lambda row: row.value or 0)
    first, last = (low, top) if plan.order == "asc" else (top, low)
    text = _("%(name)s by %(group)s, %(scope)s: %(how)s for %(first)s (%(value)s)") % {
        "name": name, "group": DIMENSIONS[plan.group].name, "scope": scope(plan),
        "how": _("lowest") if plan.order == "asc" else _("highest"), "first": first.name,
        "value": first.text,
    }  # fmt: skip
    if len(known) > 1:
        text += _(", %(how)s for %(last)s (%(value)s)") % {
            "how": _("highest") if plan.order == "asc" else _("lowest"), "last": last.name,
            "value": last.text,
        }  # fmt: skip
    return text + "."


def _why(plan: Plan) -> Answer:
    assert plan.compare is not None
    after, before = figure(plan), figure(plan.over(plan.compare))
    row, link = _row(plan, after, before), rows_link(plan)
    name = str(plan.definition.name)
    if after.value is None or before.value is None:
        short = after if after.value is None else before
        return Answer(plan, _too_few(plan, short), (row,), link, enough=False)
    change = after.value - before.value
    way = _("rose") if change > 0 else _("fell") if change < 0 else _("did not change")
    text = _("%(name)s %(way)s from %(before)s (%(then)s) to %(after)s (%(now)s): %(change)s.") % {
        "name": capfirst(name), "way": way, "before": row.before, "after": row.text,
        "then": period_text(plan.compare), "now": scope(plan), "change": row.change,
    }  # fmt: skip
    if plan.definition.kind not in ("ratio", "count", "sum"):
        text += " " + _("A middle value cannot be split exactly into its groups; look at it by "
                        "topic or channel.")  # fmt: skip
        return Answer(plan, text, (row,), link)
    if may_be_chance(after, before):
        text += " " + _("Their 95 % intervals overlap: it may be chance.")
    elif plan.definition.kind == "count" and counts_may_be_chance(after.counted, before.counted):
        text += " " + _("So small a difference of counts may be chance.")
    cuts = _cuts(plan, change)
    if cuts and change:
        best = cuts[0]
        lead = "; ".join(f"{item.name} {item.total}" for item in best.reasons[:3])
        text += " " + _("Split by %(dimension)s, the largest parts are %(parts)s.") % {
            "dimension": best.dimension, "parts": lead,
        }  # fmt: skip
    return Answer(plan, text, (row,), link, cuts=cuts)


def _cuts(plan: Plan, change: float) -> tuple[Cut, ...]:
    """The change by every dimension, the one whose largest group explains most of it first."""
    assert plan.compare is not None
    fixed = {item.dimension for item in plan.filters if len(item.values) == 1}
    possible = {item.key for item in allowed(plan.definition)} - fixed
    found = []
    for key in (cut for cut in _CUTS if cut in possible):
        sums = [
            {item.key: (item.counted, item.out_of) for item in figures(_by(plan, key, then=then))}
            for then in (True, False)
        ]
        split = of_ratio if plan.definition.kind == "ratio" else of_count
        parts = split(sums[0], sums[1])
        if len(parts) > 1:
            reasons = tuple(_reason(plan, key, part, *sums) for part in parts[:5])
            found.append((concentration(parts, change), Cut(str(DIMENSIONS[key].name), reasons)))
    return tuple(cut for _share, cut in sorted(found, key=lambda item: -item[0]))


def _by(plan: Plan, key: str, *, then: bool) -> Plan:
    assert plan.compare is not None
    return Plan(plan.measure, plan.compare if then else plan.period, plan.filters, group=key)


def _reason(plan: Plan, dimension: str, part: Contribution, then: Sums, now: Sums) -> Reason:
    assert plan.compare is not None
    unit = plan.definition.unit
    kept = tuple(item for item in plan.filters if item.dimension != dimension)
    filters = (*kept, Filter(dimension, (part.key,)))
    is_share = plan.definition.kind == "ratio"
    group = Plan(plan.measure, plan.period, filters)
    before, after = (_said(found.get(part.key, (0, 0)), is_share, unit) for found in (then, now))
    return Reason(
        capfirst(key_text(dimension, part.key)),
        before,
        after,
        difference_text(part.total, unit),
        difference_text(part.mix, unit) if is_share else "",
        difference_text(part.rate, unit) if is_share else "",
        rows_link(group.over(plan.compare)),
        rows_link(group),
    )


def _said(sums: tuple[int, int], is_share: bool, unit: Unit) -> str:
    """A group's own figure on one side of the change."""
    counted, out_of = sums
    if is_share:
        return value_text(counted / out_of if out_of else None, unit)
    return value_text(counted, unit)


def _savings(plan: Plan) -> Answer:
    found = savings(plan.period)
    link = rows_link(plan)
    counted = sum(topic.confirmed for topic in found.basis.topics)
    lead = _("The assistant saved at least %(least)s in %(period)s")
    if found.least < 0:
        lead = _("By confirmed conversations alone the assistant saved nothing in %(period)s "
                 "(%(least)s)")  # fmt: skip
    text = lead + _("; at most %(most)s, if the assumed part of silent customers was served. "
                    "It rests on %(count)s.")  # fmt: skip
    text %= {
        "least": value_text(found.least, "money"), "period": period_text(plan.period),
        "most": value_text(found.most, "money"),
        "count": ngettext("%(n)s confirmed conversation", "%(n)s confirmed conversations",
                          counted) % {"n": f"{counted:,}"},
    }  # fmt: skip
    change = before_text = ""
    if plan.compare is not None:
        before = savings(plan.compare)
        before_text = value_text(before.least, "money")
        change = difference_text(found.least - before.least, "money")
        text += " " + _("In %(period)s it was %(value)s (%(change)s).") % {
            "period": period_text(plan.compare), "value": before_text, "change": change,
        }  # fmt: skip
    row = Row("", str(_("savings (at least)")), value_text(found.least, "money"), found.least,
              counted, counted, link, before_text, change, found.low, found.high)  # fmt: skip
    return Answer(plan, text, (row,), link)
