"""Numbers, periods and names as people read them."""

from datetime import date
from functools import lru_cache

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations.models import Article
from insights.figures.periods import Period, add_months
from insights.figures.plan import SAVINGS, Filter, Plan
from insights.figures.reading import read
from insights.measures import DIMENSIONS, SERIES, label
from insights.measures.definition import Unit

THIN = "\u202f"


def value_text(value: float | None, unit: Unit) -> str:
    """A value with its unit; a missing one is a dash."""
    if value is None:
        return "–"
    match unit:
        case "share":
            return f"{_number(value * 100, 1)}{THIN}%"
        case "seconds":
            return _duration(value)
        case "ms":
            return f"{_number(value / 1000, 2)}{THIN}s" if value >= 1000 else f"{value:.0f}{THIN}ms"
        case "money":
            return _number(value, 2 if abs(value) < 100 else 0)
        case "score":
            return _number(value, 2)
        case _:
            return _number(value, 0)


def difference_text(difference: float, unit: Unit) -> str:
    """A signed change; shares change in points."""
    size = abs(difference)
    text = value_text(size, unit)
    if unit == "share":
        text = f"{_number(size * 100, 1)} {_('points')}"
    visible = any(digit in text for digit in "123456789")
    sign = "±" if not visible else "+" if difference > 0 else "−"
    return f"{sign}{text}"


def _number(value: float, digits: int) -> str:
    text = str(formats.number_format(abs(round(value, digits)), digits, force_grouping=True))
    return f"−{text}" if round(value, digits) < 0 else text


def _duration(seconds: float) -> str:
    seconds = round(seconds)
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours >= 48:
        return f"{_number(hours / 24, 1)} {_('days')}"
    if hours:
        return f"{_number(hours, 0)}{THIN}h {minutes}{THIN}min"
    if minutes:
        return f"{minutes}{THIN}min {seconds}{THIN}s"
    return f"{seconds}{THIN}s"


def period_text(period: Period) -> str:
    if period.days == 1:
        return formats.date_format(period.start, "j F Y")
    if period.start.day == 1 and period.end == add_months(period.start, 1):
        return formats.date_format(period.start, "F Y")
    same_year = period.start.year == period.last.year
    first = formats.date_format(period.start, "j M" if same_year else "j M Y")
    return f"{first} – {formats.date_format(period.last, 'j M Y')}"


def key_text(dimension: str, key: str) -> str:
    """What a group is called."""
    if not key:
        return str(_("none recorded"))
    if dimension == "topic":
        return _topics().get(key) or label(dimension, key)
    if dimension in SERIES:
        form = {"day": "j M Y", "week": "j M Y", "month": "F Y"}[dimension]
        return formats.date_format(date.fromisoformat(key), form)
    if dimension == "theme":
        return _themes().get(key) or f"#{key}"
    if dimension == "article":
        return _article(key)
    return label(dimension, key)


def filters_text(filters: tuple[Filter, ...]) -> str:
    return ", ".join(
        f"{DIMENSIONS[item.dimension].name}: "
        + _(" or ").join(key_text(item.dimension, value) for value in item.values)
        for item in filters
    )


def plan_text(plan: Plan) -> str:
    """The whole plan as a person reads it; two plans that count differently read differently."""
    name = str(plan.definition.name) if plan.measure != SAVINGS else _("savings")
    parts = [_("why %s changed") % name if plan.why else name]
    if plan.group:
        parts.append(_("by %s") % DIMENSIONS[plan.group].name)
    parts += [filters_text(plan.filters), period_text(plan.period)]
    if plan.compare:
        parts.append(_("against %s") % period_text(plan.compare))
    if plan.order:
        parts.append(_("highest first") if plan.order == "desc" else _("lowest first"))
    if plan.limit:
        parts.append(ngettext("only %d", "only the first %d", plan.limit) % plan.limit)
    return ", ".join(filter(None, parts))


def _topics() -> dict[str, str]:
    return dict(read("SELECT slug, title FROM conversations_section"))


def _themes() -> dict[str, str]:
    return dict(read("SELECT id::text, name FROM insights_theme WHERE name <> ''"))


@lru_cache(maxsize=2048)
def _article(key: str) -> str:
    title = Article.objects.filter(pk=int(key)).values_list("title", flat=True).first()
    return title or f"#{key}"
