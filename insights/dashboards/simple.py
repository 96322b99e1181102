"""Quality, performance and knowledge."""

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from conversations.services.review_reading import wrong_answer_rate
from insights.dashboards.blocks import Block, Cell, Page, Table, Tile
from insights.dashboards.charts import waterfall
from insights.dashboards.parts import by_group, over_time, tiles
from insights.dashboards.scope import Scope
from insights.figures.figure import sums
from insights.figures.wording import value_text
from insights.links import rows_link, set_link
from insights.measures import MEASURES
from insights.measures.turn_measures import STEPS


def quality(scope: Scope) -> Page:
    return Page(
        "quality", _("Quality"),
        _("What reviewers and customers say. A share stands with its interval; what nobody "
          "reviewed is not guessed."),
        (
            Block("", tiles=(_sampled(scope), *tiles(
                scope, "wrong_rate", "reviews", "helpful_rate", "csat", "clarification_success",
                "stopped_rate"))),
            over_time(scope, "wrong_rate", _("Wrong answers over time")),
            by_group(scope, "wrong_rate", "topic", _("Wrong answers by topic"),
                     beside=("reviews", "helpful_rate")),
            by_group(scope, "wrong_rate", "tier", _("Wrong answers by rung"), beside=("reviews",)),
            by_group(scope, "csat", "agent", _("Satisfaction by agent"), beside=("escalations",)),
        ),
    )  # fmt: skip


def _sampled(scope: Scope) -> Tile:
    """The rate for all answers: from the weekly random samples, weighed. No filters apply."""
    begin, end = scope.period.bounds(scope.zone)
    found = wrong_answer_rate(begin=begin, end=end)
    enough = found is not None and found.count >= MEASURES["wrong_rate"].minimum
    name = _("Wrong among all answers")
    meaning = _("From the weekly random samples, each judged answer weighed by how many it stands "
                "for: wrong, unsafe, or should have been handed over. The rate beside it counts "
                "what was reviewed for any reason, complaints among it.")  # fmt: skip
    if found is None or not enough:
        count = found.count if found else 0
        least = MEASURES["wrong_rate"].minimum
        text = _("not enough data: %(n)s of at least %(least)s") % {"n": count, "least": least}
        return Tile(name, value_text(None, "share"), basis=text, meaning=meaning, lead=True)
    text = _("%(n)s judged in weekly samples · %(low)s to %(high)s") % {
        "n": found.count, "low": value_text(found.low, "share"),
        "high": value_text(found.high, "share"),
    }  # fmt: skip
    return Tile(name, value_text(found.share, "share"), set_link("sampled", scope.period),
                basis=text, meaning=meaning, lead=True)  # fmt: skip


def performance(scope: Scope) -> Page:
    return Page(
        "performance", _("Performance"),
        _("How fast answers begin and end, on which rung, and how busy the workers are."),
        (
            Block("", tiles=tiles(scope, "first_token_time", "first_token_p95", "reply_time",
                                  "reply_p95", "worker_use", "fault_rate")),
            _waterfall(scope),
            over_time(scope, "first_token_time", _("Time to first token"), "first_token_p95"),
            by_group(scope, "first_token_time", "tier", _("By rung"), compared=False,
                     beside=("reply_time", "tokens_per_reply", "wrong_rate")),
            over_time(scope, "gpu_share", _("Shares of the rungs"), "cpu_share",
                      "extractive_share"),
            Block(_("Use"), tiles=tiles(scope, "tokens", "tokens_per_reply", "cache_hit_rate",
                                        "queue_time")),
        ),
    )  # fmt: skip


def _waterfall(scope: Scope) -> Block:
    summed = sums(scope.plan("first_token_time"), STEPS, scope.zone)
    *totals, count = summed[0][1:] if summed else (0,) * len(STEPS)
    sizes = [total / count for total in totals] if count else []
    title = _("Where an answer's time goes")
    names = (_("queue"), _("search and decide"), _("first words"), _("writing"))
    if not count:
        return Block(title, empty=_("Nothing was recorded in this period."))
    link = rows_link(scope.plan("first_token_time"))
    parts = [(name, float(size)) for name, size in zip(names, sizes, strict=True)]
    rows = tuple(
        (Cell(capfirst(name), number=False), Cell(value_text(size, "ms"), link))
        for name, size in parts
    )
    return Block(
        title, _("Means over %s answers, so that the steps add up.") % f"{count:,}",
        chart=waterfall(title, parts), table=Table((_("Step"), _("Mean")), rows, title),
    )  # fmt: skip


def knowledge(scope: Scope) -> Page:
    return Page(
        "knowledge", _("Knowledge"),
        _("Which articles carry the answers, which of them disappoint, and what is missing."),
        (
            Block("", tiles=tiles(scope, "article_uses", "knowledge_gaps", "gap_rate",
                                  "helpful_rate")),
            by_group(scope, "article_uses", "article", _("Articles by use"), limit=20,
                     beside=("helpful_rate", "wrong_rate")),
            by_group(scope, "knowledge_gaps", "topic", _("What is missing"),
                     note=_("Questions that were handed over because no article fits, by the "
                            "nearest shelf. Each number opens the questions: write the article "
                            "that answers the most of them."), beside=("gap_rate",)),
            over_time(scope, "gap_rate", _("Share of knowledge gaps over time")),
        ),
    )  # fmt: skip
