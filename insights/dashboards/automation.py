"""Automation: its two factors, and what a stricter or looser limit of wrong answers would do."""

from django.conf import settings
from django.utils.translation import gettext as _

from conversations.services.error_limit import LiveLimit
from insights.dashboards.applying import offer
from insights.dashboards.blocks import Apply, Block, Page, Slider, Tile
from insights.dashboards.charts import curve as drawn
from insights.dashboards.parts import by_group, over_time, tiles
from insights.dashboards.risk import Point, choose, curve, envelope
from insights.dashboards.scope import Scope
from insights.figures.figure import figure
from insights.figures.statistics import agents_needed
from insights.figures.wording import value_text
from insights.roi.assumptions import Key, held_on

PROMISE_SECONDS, PROMISE_SHARE = 600, 0.8


def build(scope: Scope, *, wrong: float | None = None, may_apply: bool = False) -> Page:
    now = LiveLimit(settings.CONFIG.max_error)()
    chosen = now if wrong is None else wrong
    return Page(
        "automation",
        _("Automation"),
        _("Automation is involvement × resolution: how often the assistant has an answer, and how "
          "often that answer settles it."),
        (
            Block("", tiles=tiles(scope, "automation", "automation_upper", "involvement",
                                  "resolution", "containment", "recontact_rate")),
            _slider(scope, chosen, offer(now, chosen, allowed=may_apply)),
            over_time(scope, "involvement", _("Involvement and resolution"), "resolution"),
            by_group(scope, "automation", "topic", _("Automation by topic"),
                     beside=("involvement", "resolution", "wrong_rate")),
            by_group(scope, "automation", "language", _("By language"),
                     beside=("automation_upper", "escalation_rate")),
            by_group(scope, "escalations", "reason", _("Why conversations were handed over"),
                     beside=("wait_time",)),
        ),
    )  # fmt: skip


def _slider(scope: Scope, most_wrong: float, apply: Apply) -> Block:
    points = curve(scope.period, scope.zone)
    chosen = choose(points, most_wrong)
    slider = Slider("wrong", _("At most this share of answers may be wrong"), 0.5, 20, 0.5,
                    round(most_wrong * 100, 1), value_text(most_wrong, "share"))  # fmt: skip
    title = _("What a limit of wrong answers would do")
    if not points:
        return Block(title, slider=slider, apply=apply, empty=_(
            "Too few answers were reviewed in this period to draw this. Review some, or choose a "
            "longer period."))  # fmt: skip
    note = _("From reviewed answers only; where nobody reviewed, nothing is drawn.")
    chart = drawn(
        title, [(point.wrong, point.coverage) for point in envelope(points)],
        (chosen.wrong, chosen.coverage) if chosen else None,
        (_("wrong answers"), _("questions answered")),
    )  # fmt: skip
    if chosen is None:
        return Block(title, note, slider=slider, chart=chart, apply=apply,
                     empty=_("No threshold keeps this limit in this period."))  # fmt: skip
    return Block(title, note, tiles=_effects(scope, chosen), slider=slider, chart=chart,
                 apply=apply)  # fmt: skip


def _effects(scope: Scope, point: Point) -> tuple[Tile, ...]:
    """Queue load, staffing and savings at a point, from this period's own volume."""
    questions = figure(scope.plan("questions")).counted
    handle = figure(scope.plan("handle_time")).raw or 0.0
    held = held_on(scope.period.last)
    to_people = questions * (1 - point.coverage)
    per_hour = to_people / (scope.period.days * 24)
    places = agents_needed(
        per_hour, handle / held[Key.PARALLEL].value, within_seconds=PROMISE_SECONDS,
        share=PROMISE_SHARE,
    )  # fmt: skip
    money = handle * held[Key.AGENT_HOUR].value / 3600 / held[Key.PARALLEL].value
    return (
        Tile(_("Questions answered"), value_text(point.coverage, "share"), lead=True,
             reckoned=True,
             basis=_("confidence at least %.2f") % point.threshold),
        Tile(_("Wrong among them"), value_text(point.wrong, "share"), reckoned=True,
             basis=_("at most %(high)s, from %(n)s reviews") % {
                 "high": value_text(point.wrong_high, "share"), "n": f"{point.reviewed:,}"}),
        Tile(_("To people, an hour"), value_text(per_hour, "score"), reckoned=True,
             basis=_("%s in this period") % f"{to_people:,.0f}"),
        Tile(_("Places needed, on average"), str(places), reckoned=True,
             basis=_("80 % wait at most 10 minutes (Erlang C)")),
        Tile(_("Agents' time kept free"),
             value_text(questions * point.coverage * money, "money"), reckoned=True,
             basis=_("if every answer had been a conversation with a person")),
    )  # fmt: skip
