"""Savings: the result, what it rests on, what moves it most, and what a goal would take."""

from django.urls import reverse
from django.utils import formats
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from insights.dashboards.blocks import Block, Cell, Page, Table, Tile
from insights.dashboards.scope import Scope
from insights.figures.plan import Filter, Plan
from insights.figures.wording import key_text, value_text
from insights.links import rows_link, set_link
from insights.roi.savings import Savings, goal, savings, sensitivity

GOAL_AUTOMATION, GOAL_MONEY = 0.7, 200_000.0


def build(scope: Scope) -> Page:
    found = savings(scope.period)
    return Page(
        "savings",
        _("Savings"),
        _("Minutes that people did not spend, matched by topic, less what it cost. The headline "
          "counts only conversations that customers confirmed."),
        (
            Block("", tiles=_headline(found)),
            _matched(scope, found),
            _assumptions(found),
            _sensitivity(found),
            _goal(scope, found),
        ),
    )  # fmt: skip


def _money(value: float) -> str:
    return value_text(value, "money")


def _headline(found: Savings) -> tuple[Tile, ...]:
    wrong = _("reviewed: %s wrong") % value_text(found.basis.wrong, "share")
    if not found.basis.wrong_is_measured:
        wrong = _("too few reviews: the set limit of wrong answers is assumed")
    return (
        Tile(_("Saved, at least"), _money(found.least), lead=True, reckoned=True,
             basis=_("range %(low)s to %(high)s") % {
                 "low": _money(found.low), "high": _money(found.high)}),
        Tile(_("Saved, at most"), _money(found.most), reckoned=True,
             basis=_("with the assumed part of silent customers")),
        Tile(_("People's time"), _money(found.gross), reckoned=True,
             basis=_("%s hours") % f"{found.minutes / 60:,.0f}"),
        Tile(_("Hosting"), f"−{_money(found.hosting)}", reckoned=True),
        Tile(_("Review"), f"−{_money(found.review)}", reckoned=True,
             basis=_("%s reviews") % f"{found.basis.reviews:,}"),
        Tile(_("Came back"), f"−{_money(found.returned)}", reckoned=True),
        Tile(_("Wrong answers"), f"−{_money(found.wrong)}", basis=wrong,
             reckoned=True),
    )  # fmt: skip


def _matched(scope: Scope, found: Savings) -> Block:
    rows = []
    everybody = set_link("served", scope.period)
    for topic in found.basis.topics:
        of_topic = (Filter("topic", (topic.key,)),)
        silent = (Filter("outcome", ("silent",)), *of_topic)
        people = set_link("served", scope.period, topic.key)
        interval = _("%(low)s to %(high)s") % {
            "low": value_text(topic.low, "seconds"), "high": value_text(topic.high, "seconds"),
        }  # fmt: skip
        rows.append((
            Cell(key_text("topic", topic.key), number=False),
            Cell(f"{topic.confirmed:,}", rows_link(Plan("automation", scope.period, of_topic))),
            Cell(f"{topic.silent:,}", rows_link(Plan("involvement", scope.period, silent))),
            Cell(value_text(topic.seconds, "seconds") + ("" if topic.matched else " *"),
                 people if topic.matched else everybody),
            Cell(interval, reckoned=True),
            Cell(f"{topic.handled:,}", people),
        ))  # fmt: skip
    heads = (_("Topic"), _("Confirmed"), _("Silent"), _("Median with a person"),
             _("95 % interval"), _("Handled by people"))  # fmt: skip
    title = _("Matched by topic")
    return Block(title, _("* Too few were handled by people: the median of all topics."),
                 table=Table(heads, tuple(rows), title) if rows else None,
                 empty="" if rows else _("Nothing was recorded in this period."))  # fmt: skip


def _assumptions(found: Savings) -> Block:
    rows = tuple(
        (
            Cell(capfirst(str(item.name)), number=False),
            Cell(f"{item.value:g}", reckoned=True),
            Cell(f"{item.low:g} – {item.high:g}", reckoned=True),
            Cell(
                formats.date_format(item.from_date, "j M Y") if item.from_date else "–",
                reckoned=True,
            ),
            Cell(str(item.source), number=False),
        )
        for item in found.held.values()
    )
    heads = (_("Assumption"), _("Value"), _("Range"), _("Since"), _("Where from"))
    change = (_("Change the assumptions"), reverse("admin:insights_assumption_changelist"))
    title = _("What is assumed")
    return Block(title, table=Table(heads, rows, title), links=(change,))


def _sensitivity(found: Savings) -> Block:
    rows = tuple(
        (Cell(capfirst(item.name), number=False), Cell(_money(item.at_low), reckoned=True),
         Cell(_money(item.at_high), reckoned=True))
        for item in sensitivity(found)
    )  # fmt: skip
    title = _("What moves the result most")
    heads = (_("Assumption"), _("At its lowest"), _("At its highest"))
    return Block(title, _("The headline with one assumption at a time at the ends of its range."),
                 table=Table(heads, rows, title))  # fmt: skip


def _goal(scope: Scope, found: Savings) -> Block:
    wanted = goal(found, scope.period, automation=GOAL_AUTOMATION, money=GOAL_MONEY)
    title = _("What 70 % and 200,000 a year would take")
    needed = value_text(wanted.conversations_needed, "count")
    minutes = value_text(wanted.minutes_needed, "score")
    tiles = (
        Tile(_("Automation now"), value_text(wanted.automation_now, "share"),
             rows_link(scope.plan("automation")), _("goal: 70 %")),
        Tile(_("A year at this rate"), _money(wanted.a_year_now), reckoned=True,
             basis=_("goal: 200,000")),
        Tile(_("Conversations a year"), value_text(wanted.conversations_a_year, "count"),
             reckoned=True, basis=_("at 70 %%, the goal takes %s") % needed),
        Tile(_("Minutes with a person"), value_text(wanted.minutes_now, "score"), reckoned=True,
             basis=_("at 70 %% and today's volume, the goal takes %s") % minutes),
    )  # fmt: skip
    return Block(title, _("All else as assumed above."), tiles=tiles)
