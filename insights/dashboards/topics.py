"""Topics: why customers write. Themes are found from the questions; topics are shelves."""

from django.utils.translation import gettext as _

from insights.dashboards.blocks import Block, Cell, Page, Table
from insights.dashboards.charts import bar
from insights.dashboards.parts import by_group, export_link, over_time
from insights.dashboards.scope import Scope
from insights.figures.figure import Figure, figures
from insights.figures.plan import Filter, Plan
from insights.figures.wording import difference_text, key_text, value_text
from insights.links import ask_link, rows_link
from insights.themes.change import Change, changes

SHOWN = 8


def build(scope: Scope) -> Page:
    found = _changes(scope)
    return Page(
        "topics", _("Topics"),
        _("Why customers write, and what rises or falls. Themes are found from the questions "
          "themselves; topics are the shelves of the help centre that the answers came from."),
        (
            _moved(scope, _("Rising"), [c for c in found if c.rises and not c.is_new],
                   _("Nothing rose by more than chance explains.")),
            _moved(scope, _("New"), [c for c in found if c.is_new],
                   _("No theme began in this period.")),
            _moved(scope, _("Falling"), [c for c in reversed(found) if c.falls],
                   _("Nothing fell by more than chance explains.")),
            by_group(scope, "questions", "theme", _("What customers ask"),
                     note=_("New questions get their theme within minutes; a long history gets "
                            "them at once by the command find_themes."),
                     beside=("answer_rate", "gap_rate")),
            by_group(scope, "conversations", "topic", _("Conversations by topic"),
                     beside=("automation", "escalation_rate", "recontact_rate")),
            by_group(scope, "agent_time", "topic", _("Agents' time by topic"),
                     beside=("handle_time", "cost_per_conversation")),
            over_time(scope, "questions", _("Questions over time")),
        ),
    )  # fmt: skip


def _changes(scope: Scope) -> list[Change]:
    plan = scope.plan("questions", "theme")
    if plan.compare is None:
        return []
    before = figures(_whole(plan.over(plan.compare)))
    return changes(
        {item.key: item.counted for item in before if item.key},
        {item.key: item.counted for item in figures(_whole(plan)) if item.key},
        ratio=plan.period.days / plan.compare.days,
    )


def _whole(plan: Plan) -> Plan:
    return Plan(plan.measure, plan.period, plan.filters, plan.group)


def _moved(scope: Scope, title: str, found: list[Change], none: str) -> Block:
    if scope.compare is None:
        return Block(title, empty=_("Choose a comparison to see what moved."))
    shown = found[:SHOWN]
    if not shown:
        return Block(title, empty=none)
    answered = [_by_theme(scope, "answer_rate", then=then) for then in (False, True)]
    top = max(max(item.after, item.before) for item in shown)
    rows = tuple(_row(scope, item, answered, top) for item in shown)
    heads = (_("Theme"), _("Questions"), "", _("Before"), _("Change"), _("Answered"),
             _("Change"), "")  # fmt: skip
    return Block(title, table=Table(heads, rows, title,
                                    export_link(scope.plan("questions", "theme"))))  # fmt: skip


def _by_theme(scope: Scope, measure: str, *, then: bool) -> dict[str, Figure]:
    plan = scope.plan(measure, "theme")
    assert plan.compare is not None
    return {f.key: f for f in figures(_whole(plan.over(plan.compare) if then else plan))}


def _row(
    scope: Scope, item: Change, answered: list[dict[str, Figure]], top: float
) -> tuple[Cell, ...]:  # fmt: skip
    filters = (*scope.filters, Filter("theme", (item.key,)))
    asked = Plan("questions", scope.period, filters)
    now, before = (found.get(item.key) for found in answered)
    moved = ""
    if now and before and now.value is not None and before.value is not None:
        moved = difference_text(now.value - before.value, "share")
    rate = Plan("answer_rate", scope.period, filters)
    why = Plan("questions", scope.period, filters, compare=scope.compare, why=True)
    assert scope.compare is not None
    return (
        Cell(key_text("theme", item.key), number=False),
        Cell(f"{item.after:,}", rows_link(asked)),
        Cell("", bar=bar(item.after, top)),
        Cell(f"{item.before:,}", rows_link(asked.over(scope.compare)) if item.before else ""),
        Cell(_times(item), reckoned=True),
        Cell(value_text(now.value if now else None, "share"),
             rows_link(rate) if now and now.rows else ""),
        Cell(moved, reckoned=True),
        Cell(_("What changed"), ask_link(why), number=False),
    )  # fmt: skip


def _times(item: Change) -> str:
    if not item.before:
        return str(_("new"))
    share = item.after / item.expected - 1
    return f"{'+' if share >= 0 else '−'}{abs(share) * 100:,.0f}\u202f%"
