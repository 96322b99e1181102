"""Overview: one headline, then its reasons."""

from django.utils.translation import gettext as _

from insights.dashboards.blocks import Block, Page, Tile
from insights.dashboards.parts import by_group, over_time, tile, tiles
from insights.dashboards.scope import Scope
from insights.figures.plan import SAVINGS, Plan
from insights.figures.wording import value_text
from insights.links import rows_link
from insights.roi.savings import savings


def build(scope: Scope) -> Page:
    headline = (
        tile(scope, "automation", lead=True, name=_("Automated, at least")),
        tile(scope, "automation_upper", name=_("Automated, at most")),
        *tiles(scope, "conversations", "escalation_rate", "first_response_time"),
        _saved(scope),
    )
    return Page(
        "overview",
        _("Overview"),
        _("What came in, what the assistant settled, and what people had to do."),
        (
            Block("", tiles=headline),
            over_time(scope, "automation", _("Automation over time"), "automation_upper",
                      note=_("Between the two lines are customers who left without a word.")),
            over_time(scope, "conversations", _("Conversations over time")),
            by_group(scope, "conversations", "topic", _("By topic"),
                     beside=("automation", "escalation_rate")),
            Block(_("How conversations ended"),
                  _("Shares of the settled conversations. Silence is never counted as solved."),
                  tiles=tiles(scope, "confirmed_share", "silent_share", "rejected_share",
                              "human_resolved_share", "unserved_share", "recontact_rate")),
        ),
    )  # fmt: skip


def _saved(scope: Scope) -> Tile:
    found = savings(scope.period)
    return Tile(
        _("Saved, at least"), value_text(found.least, "money"),
        rows_link(Plan(SAVINGS, scope.period)),
        _("range %(low)s to %(high)s") % {
            "low": value_text(found.low, "money"), "high": value_text(found.high, "money")},
        meaning=_("Agents' minutes not spent on confirmed conversations, less all costs."),
    )  # fmt: skip
