"""Puts the parts of a question together into a checked plan. Pure."""

from dataclasses import replace
from datetime import date, timedelta

from django.utils.translation import gettext as _

from insights.ask.parts import Parts
from insights.ask.spans import Relative
from insights.ask.words import AT_BEST
from insights.figures.periods import Period
from insights.figures.plan import BadPlan, Order, Plan, check
from insights.measures import MEASURES

DEFAULT_DAYS = 28
#: Rungs that have a share of their own.
RUNGS = ("gpu", "cpu", "extractive")


def plan_of(parts: Parts, today: date, previous: Plan | None) -> Plan | None:
    """The plan; None where no figure is named. Raises BadPlan."""
    if previous is not None and parts.ranked:
        parts.measure = ""  # "which is the worst?" goes on with the figure of the thread
    follows = previous is not None and (parts.follows or not parts.measure)
    if follows and previous is not None:
        if parts.says_nothing:
            return None
        return _follow_up(parts, previous)
    if not parts.measure and parts.group == "reason":
        parts.measure = "escalations"  # only hand-overs have reasons
    if not parts.measure:
        return None
    period = parts.period or Period(today - timedelta(days=DEFAULT_DAYS), today)
    if parts.shift is not None and parts.compare is None:
        parts.compare, parts.compares = parts.shift, True
    return _checked(Plan(parts.measure, period, parts.filters, why=parts.why), parts, parts.group)


def _follow_up(parts: Parts, previous: Plan) -> Plan:
    """The question before, with what this one says instead."""
    named = {item.dimension for item in parts.filters}
    kept = tuple(item for item in previous.filters if item.dimension not in named)
    _same_kind(parts, previous)
    plan = replace(
        previous,
        measure=parts.measure or previous.measure,
        filters=tuple(sorted((*kept, *parts.filters), key=lambda item: item.dimension)),
        why=parts.why,
        order="" if parts.group else previous.order,
    )
    if parts.shift is not None and not parts.compares:
        plan = replace(plan, period=parts.shift.to(previous.period), compare=None)
    if parts.period is not None:
        compare = parts.period.before() if previous.compare else None
        plan = replace(plan, period=parts.period, compare=compare)
    return _checked(plan, parts, parts.group or previous.group)


def _same_kind(parts: Parts, previous: Plan) -> None:
    """ "And at the most?" and "and the CPU model?" ask for another figure of the same kind."""
    if parts.at_best:
        if previous.measure not in AT_BEST:
            raise BadPlan(_("This figure has no upper bound."))
        parts.measure = AT_BEST[previous.measure]
    rung = next((item.values for item in parts.filters if item.dimension == "tier"), ())
    shares = {name: f"{name}_share" for name in RUNGS}
    if (
        not parts.measure
        and len(rung) == 1
        and rung[0] in shares
        and previous.measure in shares.values()
    ):
        parts.measure = shares[rung[0]]
        parts.filters = tuple(item for item in parts.filters if item.dimension != "tier")


def _checked(plan: Plan, parts: Parts, group: str) -> Plan:
    """Give the plan its grouping, order and comparison, and hold it against the catalogue."""
    if group == "trend":
        group = "day" if plan.period.days <= 31 else "week"
    compare = plan.compare
    if isinstance(parts.compare, Period):
        compare = parts.compare
    elif isinstance(parts.compare, Relative):
        compare = parts.compare.to(plan.period)
    elif parts.compares or plan.why:
        compare = compare or plan.period.before()
    if plan.measure == "article_uses" and not group and (parts.order or parts.limit):
        group = "article"  # "most used articles" names the grouping and the figure at once
    if (parts.order or parts.limit) and not group and plan.measure != "knowledge_gaps":
        raise BadPlan(_("Highest or lowest by what? Name it, such as “by topic” or “by day”."))
    order = _order(parts, plan) if group else ""
    lists = plan.measure == "knowledge_gaps" and not parts.how_many
    if lists and not group and not compare and not plan.filters:
        group, order = "topic", "desc"  # "what should we write next" asks about what
    return check(
        replace(
            plan,
            compare=compare,
            group="" if plan.why else group,
            order=order or (plan.order if group else ""),
            limit=(parts.limit or (0 if parts.group else plan.limit)) if group else 0,
        )
    )


def _order(parts: Parts, plan: Plan) -> Order:
    """Best and worst depend on which way is good."""
    if parts.ambiguous in ("best", "worst") and plan.measure in MEASURES:
        up = MEASURES[plan.measure].direction == "up"
        return "desc" if up == (parts.ambiguous == "best") else "asc"
    if parts.opposite and parts.order:
        return "asc" if parts.order == "desc" else "desc"
    return parts.order
