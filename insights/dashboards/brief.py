"""The morning brief: what changed, what is unusual, what to do next. Every number is a link."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from insights.dashboards.parts import change_of
from insights.figures.figure import Figure, figure, figures
from insights.figures.periods import Period
from insights.figures.plan import Filter, Plan
from insights.figures.statistics import may_be_chance, median, wilson
from insights.figures.wording import key_text, value_text
from insights.links import rows_link
from insights.measures import MEASURES
from insights.models import AlertRule

WATCHED = ("conversations", "automation", "escalation_rate", "wait_time", "first_token_time",
           "wrong_rate", "sla_kept")  # fmt: skip
WEEKS = 8
#: Half the width of the usual range: 3 × 1.4826 × the median distance from the median.
_WIDTH = 3 * 1.4826


@dataclass(frozen=True)
class Line:
    """A sentence with the link to the rows that it counts."""

    text: str
    link: str
    mood: str = ""


@dataclass(frozen=True)
class Brief:
    day: date
    changed: tuple[Line, ...]
    unusual: tuple[Line, ...]
    next_steps: tuple[Line, ...]
    alerts: tuple[Line, ...]


def brief(today: date) -> Brief:
    """The brief of the morning of a day: about the day before, against its own weekday."""
    day = today - timedelta(days=1)
    return Brief(
        day,
        tuple(_changed(Period(today - timedelta(days=7), today))),
        tuple(line for key in WATCHED if (line := _unusual(key, day)) is not None),
        tuple(_next(Period(today - timedelta(days=28), today))),
        tuple(_alerts(today)),
    )


def _changed(week: Period) -> list[Line]:
    lines = []
    for key in WATCHED:
        plan, measure = Plan(key, week), MEASURES[key]
        now, before = figure(plan), figure(plan.over(week.before()))
        change, mood = change_of(measure, now, before)
        if now.value is not None and change:
            if may_be_chance(now, before):
                change, mood = _("%s, may be chance") % change, ""
            text = _("%(name)s: %(value)s in the last 7 days (%(change)s)") % {
                "name": capfirst(str(measure.name)),
                "value": value_text(now.value, measure.unit), "change": change,
            }  # fmt: skip
            lines.append(Line(text, rows_link(plan), mood))
    return lines


def _unusual(key: str, day: date) -> Line | None:
    """Whether a day lies outside the range of the same weekday in the weeks before."""
    measure, plan = MEASURES[key], Plan(key, Period(day, day + timedelta(days=1)))
    earlier = [figure(plan.over(plan.period.shifted(-7 * back))) for back in range(1, WEEKS + 1)]
    known = [item.value for item in earlier if item.value is not None]
    now = figure(plan)
    if now.value is None or len(known) < WEEKS // 2:
        return None
    middle = median(known)
    low, high = _usual(known, earlier, now)
    if low <= now.value <= high:
        return None
    text = _("%(name)s: %(value)s; on this weekday it is usually %(low)s to %(high)s") % {
        "name": capfirst(str(measure.name)), "value": value_text(now.value, measure.unit),
        "low": value_text(low, measure.unit), "high": value_text(high, measure.unit),
    }  # fmt: skip
    worse = (now.value > middle) == (measure.direction == "down")
    return Line(text, rows_link(plan), "" if measure.direction == "none" else
                "bad" if worse else "good")  # fmt: skip


def _usual(known: list[float], earlier: list[Figure], now: Figure) -> tuple[float, float]:
    """The range of ordinary days; for a share also what chance alone does to so few."""
    middle = median(known)
    spread = median([abs(value - middle) for value in known]) * _WIDTH
    spread = max(spread, abs(middle) * 0.1)
    low, high = max(0.0, middle - spread), middle + spread
    cases = sum(item.out_of for item in earlier)
    if now.low is None or not cases:
        return low, high
    expected = round(now.out_of * sum(item.counted for item in earlier) / cases)
    by_chance = wilson(expected, now.out_of)
    return min(low, by_chance[0]), min(1.0, max(high, by_chance[1]))


def _next(period: Period) -> list[Line]:
    """The largest gap in knowledge, and the topic that costs people most."""
    lines = []
    gaps = figures(Plan("knowledge_gaps", period, group="topic", order="desc", limit=1))
    if gaps and gaps[0].counted:
        text = _("Write an article on %(topic)s: %(n)s questions found none in 28 days") % {
            "topic": key_text("topic", gaps[0].key), "n": f"{gaps[0].counted:,}"
        }  # fmt: skip
        lines.append(Line(text, _of_topic("knowledge_gaps", period, gaps[0].key)))
    costs = figures(Plan("agent_time", period, group="topic", order="desc", limit=1))
    if costs and costs[0].counted:
        text = _("Look at %(topic)s: it took people %(time)s in 28 days, more than any other") % {
            "topic": key_text("topic", costs[0].key),
            "time": value_text(costs[0].counted, "seconds"),
        }  # fmt: skip
        lines.append(Line(text, _of_topic("agent_time", period, costs[0].key)))
    reviews = figure(Plan("reviews", period))
    if reviews.counted < 100:
        text = _("Review some answers: %s in 28 days is few for a reliable rate") % reviews.counted
        lines.append(Line(text, rows_link(Plan("reviews", period))))
    return lines


def _of_topic(measure: str, period: Period, topic: str) -> str:
    return rows_link(Plan(measure, period, (Filter("topic", (topic,)),)))


def _alerts(today: date) -> list[Line]:
    lines = []
    for rule in AlertRule.objects.filter(active=True):
        if (measure := MEASURES.get(rule.measure)) is None:
            continue
        plan = Plan(rule.measure, Period(today - timedelta(days=rule.days), today))
        found = figure(plan)
        if found.value is None:
            continue
        if (found.value > rule.limit) == (rule.side == AlertRule.Side.ABOVE):
            text = _("%(name)s is %(value)s, %(side)s the limit of %(limit)s") % {
                "name": capfirst(str(measure.name)),
                "value": value_text(found.value, measure.unit),
                "side": rule.get_side_display(), "limit": value_text(rule.limit, measure.unit),
            }  # fmt: skip
            lines.append(Line(text, rows_link(plan), "bad"))
    return lines
