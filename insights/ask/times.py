"""Spans of time as people write them. Pure: the day of today comes in."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from insights.figures.periods import Period, add_months

_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTHS = (
    "january february march april may june july august september october november december"
).split()
_MONTH = (
    r"(?P<{0}>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = rf"(?P<{{0}}>{'|'.join(_DAYS)})"
NUMBERS = {
    word: number
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve".split(), 1
    )
}
_NUMBER = rf"(?P<n>\d{{1,3}}|{'|'.join(NUMBERS)})"
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3,
             "4th": 4}  # fmt: skip
_TH = r"(?:st|nd|rd|th)?"


@dataclass(frozen=True)
class Relative:
    """A span told by another: the period before it, or a year before it."""

    year: bool = False


class Future(ValueError):
    """The question is about what has not happened yet."""


Span = Period | Relative
Builder = Callable[[dict[str, str], date], Span]


def read(text: str, today: date) -> tuple[Span, tuple[int, int]] | None:
    """The first span in a text and where it stands. Raises Future."""
    best: tuple[tuple[int, int], Builder, dict[str, str]] | None = None
    for pattern, build in _PATTERNS:
        match = pattern.search(text)
        if match is None:
            continue
        place = match.span()
        if best is None or (place[0], -place[1]) < (best[0][0], -best[0][1]):
            best = (place, build, {k: v for k, v in match.groupdict().items() if v})
    if best is None:
        return None
    span = best[1](best[2], today)
    if isinstance(span, Period) and span.start > today:
        raise Future
    return span, best[0]


def _named(name: str) -> int:
    return next(i for i, month in enumerate(_MONTHS, 1) if month.startswith(name[:3]))


def _year_of(month: int, given: str | None, today: date) -> int:
    """The year that a month without one means: the latest that has begun."""
    if given:
        return int(given)
    return today.year if month <= today.month else today.year - 1


def _one(day: date) -> Period:
    return Period(day, day + timedelta(days=1))


def _whole_month(found: dict[str, str], today: date) -> Span:
    month = _named(found["m"])
    start = date(_year_of(month, found.get("y"), today), month, 1)
    return Period(start, min(add_months(start, 1), max(today, start) + timedelta(days=1)))


def _date(day: str, month: str, year: str | None, today: date) -> date:
    number = _named(month)
    found = date(_year_of(number, year, today), number, int(day))
    return found if year or found <= today else found.replace(year=found.year - 1)


def _on_date(found: dict[str, str], today: date) -> Span:
    return _one(_date(found["d"], found["m"], found.get("y"), today))


def _between(found: dict[str, str], today: date) -> Span:
    last = _date(found["d2"], found["m2"], found.get("y"), today)
    first = _date(found["d"], found.get("m", found["m2"]), found.get("y"), last)
    return Period(first, last + timedelta(days=1))


def _months_between(found: dict[str, str], today: date) -> Span:
    last = _whole_month({"m": found["m2"], **({"y": found["y"]} if "y" in found else {})}, today)
    first = _whole_month({"m": found["m"]}, today)
    assert isinstance(first, Period)
    assert isinstance(last, Period)
    return Period(first.start, last.end)


def _iso(found: dict[str, str], today: date) -> Span:
    start = date.fromisoformat(found["d"])
    end = date.fromisoformat(found["d2"]) if "d2" in found else start
    return Period(start, end + timedelta(days=1))


def _last_weekday(found: dict[str, str], today: date) -> Span:
    back = (today.weekday() - _DAYS.index(found["w"])) % 7 or 7
    return _one(today - timedelta(days=back))


def _since(found: dict[str, str], today: date) -> Span:
    tomorrow = today + timedelta(days=1)
    if "w" in found:
        back = (today.weekday() - _DAYS.index(found["w"])) % 7
        return Period(today - timedelta(days=back), tomorrow)
    if "d" in found:
        return Period(_date(found["d"], found["m"], found.get("y"), today), tomorrow)
    if "m" in found:
        month = _whole_month(found, today)
        assert isinstance(month, Period)
        return Period(month.start, tomorrow)
    return Period(today - timedelta(days=1), tomorrow)


def _last_n(found: dict[str, str], today: date) -> Span:
    count = int(NUMBERS.get(found["n"], 0) or found["n"])
    for unit, months in (("month", 1), ("quarter", 3), ("year", 12)):
        if found["unit"].startswith(unit):
            return Period(add_months(today, -count * months), today)
    days = count * (7 if found["unit"].startswith("week") else 1)
    return Period(today - timedelta(days=max(1, days)), today)


def _start_of(unit: str, today: date) -> date:
    match unit:
        case "week":
            return today - timedelta(days=today.weekday())
        case "month":
            return today.replace(day=1)
        case "quarter":
            return date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    return date(today.year, 1, 1)


def _this(found: dict[str, str], today: date) -> Span:
    return Period(_start_of(found["unit"], today), today + timedelta(days=1))


def _last(found: dict[str, str], today: date) -> Span:
    end = _start_of(found["unit"], today)
    back = {"week": end - timedelta(days=7), "month": add_months(end, -1),
            "quarter": add_months(end, -3), "year": add_months(end, -12)}  # fmt: skip
    return Period(back[found["unit"]], end)


def _quarter(found: dict[str, str], today: date) -> Span:
    number = int(found["q"])
    first = (number - 1) * 3 + 1
    start = date(_year_of(first, found.get("y"), today), first, 1)
    return Period(start, min(add_months(start, 3), max(start, today) + timedelta(days=1)))


def _ordinal_quarter(found: dict[str, str], today: date) -> Span:
    return _quarter({**found, "q": str(_ORDINALS[found["o"]])}, today)


def _half(found: dict[str, str], today: date) -> Span:
    """The first or second half of a month or of a year."""
    is_first = _ORDINALS.get(found.get("o", ""), int(found.get("h", "0"))) == 1
    if "m" in found:
        start = date(_year_of(_named(found["m"]), found.get("y"), today), _named(found["m"]), 1)
        middle, end = start.replace(day=16), add_months(start, 1)
    else:
        start = date(int(found.get("y", today.year)), 1, 1)
        middle, end = add_months(start, 6), add_months(start, 12)
    begin, end = (start, middle) if is_first else (middle, end)
    return Period(begin, min(end, max(begin, today) + timedelta(days=1)))


def _half_of(found: dict[str, str], today: date) -> Span:
    return _half({**found, **({"y": found["yy"]} if "yy" in found else {})}, today)


def _days_of_month(found: dict[str, str], today: date) -> Span:
    """The first days or weeks of a month."""
    number = _named(found["m"])
    start = date(_year_of(number, found.get("y"), today), number, 1)
    count = int(NUMBERS.get(found.get("n", "one"), 0) or found.get("n", 1))
    days = count * (7 if found["unit"].startswith("week") else 1)
    return Period(start, start + timedelta(days=days))


def _week_of(found: dict[str, str], today: date) -> Span:
    day = _date(found["d"], found["m"], found.get("y"), today)
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + timedelta(days=7))


def _numbered_week(found: dict[str, str], today: date) -> Span:
    """A week by its ISO number: of the year given, or the latest that has begun."""
    year = int(found.get("y", today.year))
    monday = date.fromisocalendar(year, int(found["n"]), 1)
    if "y" not in found and monday > today:
        monday = date.fromisocalendar(year - 1, int(found["n"]), 1)
    return Period(monday, monday + timedelta(days=7))


def _before_last(found: dict[str, str], today: date) -> Span:
    last = _last(found, today)
    assert isinstance(last, Period)
    return last.before()


def _since_start(found: dict[str, str], today: date) -> Span:
    return Period(_start_of(found["unit"], today), today + timedelta(days=1))


def _calendar_year(found: dict[str, str], today: date) -> Span:
    start = date(int(found["y"]), 1, 1)
    return Period(start, min(add_months(start, 12), max(start, today) + timedelta(days=1)))


def _weekend(_found: dict[str, str], today: date) -> Span:
    saturday = today - timedelta(days=(today.weekday() - 5) % 7 or 7)
    return Period(saturday, saturday + timedelta(days=2))


def _ago(found: dict[str, str], today: date) -> Span:
    count = int(NUMBERS.get(found["n"], 0) or found["n"])
    if found["unit"].startswith("day"):
        return _one(today - timedelta(days=count))
    monday = _start_of("week", today) - timedelta(days=7 * count)
    return Period(monday, monday + timedelta(days=7))


def _never(_found: dict[str, str], _today: date) -> Span:
    raise Future


_YEAR = r"(?:,? (?P<y>20\d\d))?"
_M, _M2, _W = _MONTH.format("m"), _MONTH.format("m2"), _DAY.format("w")
_SOURCES: tuple[tuple[str, Builder], ...] = (
    (r"tomorrow|next (?:week|month|quarter|year|\d+ \w+)|in the future|forecast", _never),
    (r"(?:the )?day before yesterday", lambda _f, t: _one(t - timedelta(days=2))),
    (r"today", lambda _f, t: _one(t)),
    (r"yesterday", lambda _f, t: _one(t - timedelta(days=1))),
    ((rf"(?:between|from) (?:the )?(?P<d>\d{{1,2}}){_TH}(?: of)?(?: {_M})? (?:and|to|until|till|-) "
     rf"(?:the )?(?P<d2>\d{{1,2}}){_TH}(?: of)? {_M2}{_YEAR}"), _between),
    ((rf"(?:between|from) {_M} (?P<d>\d{{1,2}}){_TH} (?:and|to|until|till) {_M2} "
     rf"(?P<d2>\d{{1,2}}){_TH}{_YEAR}"), _between),
    (rf"(?:between|from) {_M} (?:and|to|until|till) {_M2}{_YEAR}", _months_between),
    (r"(?:between |from )?(?P<d>20\d\d-\d\d-\d\d) (?:and|to|until|till|-) (?P<d2>20\d\d-\d\d-\d\d)",
     _iso),
    (r"(?:on )?(?P<d>20\d\d-\d\d-\d\d)", _iso),
    (rf"since (?:the )?(?:last )?(?:{_W}|(?P<d>\d{{1,2}}){_TH}(?: of)? {_M}{_YEAR}|yesterday)",
     _since),
    (r"since (?:the )?(?:start|beginning) of (?:the |this )?(?P<unit>week|month|quarter|year)",
     _since_start),
    (r"(?:in |over |during )?(?:the )?(?P<unit>week|month|quarter|year) before last", _before_last),
    ((rf"(?:in |over |during )?(?:the )?week (?:of|from|beginning)(?: the)? (?P<d>\d{{1,2}}){_TH}"
     rf"(?: of)? {_M}{_YEAR}"), _week_of),
    ((rf"(?:in |over |during )?(?:the )?week (?:of|from|beginning) {_M} (?P<d>\d{{1,2}}){_TH}"
     rf"{_YEAR}"), _week_of),
    ((r"(?:in )?(?:calendar )?week (?P<n>[1-9]|[1-4]\d|5[0-2])(?: (?:of )?(?P<y>20\d\d))?"
     r"(?! \w+ ago)"), _numbered_week),
    ((rf"(?:in |over |during )?(?:the )?(?P<o>first|second) half of (?:{_M}{_YEAR}|"
     r"(?:the |this )?year|(?P<yy>20\d\d))"), _half_of),
    (r"(?:in )?h(?P<h>[12])(?: (?P<y>20\d\d))?", _half),
    ((r"(?:in |over |during )?(?:the )?(?P<o>first|second|third|fourth|1st|2nd|3rd|4th) quarter"
     r"(?: (?:of )?(?P<y>20\d\d))?"), _ordinal_quarter),
    ((rf"(?:in |over |during )?(?:the )?first {_NUMBER}? ?(?P<unit>days?|weeks?) of {_M}{_YEAR}"),
     _days_of_month),
    (r"year (?:over|on|by) year|year-over-year|yoy", lambda _f, _t: Relative(year=True)),
    (r"(?:month|week|quarter) (?:over|on|by) (?:month|week|quarter)|month-over-month|mom|wow",
     lambda _f, _t: Relative()),
    (rf"since {_M} (?P<d>\d{{1,2}}){_TH}{_YEAR}", _since),
    (rf"since (?:the beginning of |the start of )?{_M}{_YEAR}", _since),
    ((rf"(?:in |over |during |for |within )?(?:the )?(?:last|past|previous) {_NUMBER} "
     r"(?P<unit>days?|weeks?|months?|quarters?|years?)"), _last_n),
    (r"(?:in |over |during |for )?(?:the )?(?:last|past) fortnight",
     lambda _f, t: Period(t - timedelta(days=14), t)),
    ((r"(?:in |over |during |for )?(?:this|the current) (?P<unit>week|month|quarter|year)"
     r"(?: so far)?"), _this),
    (r"(?P<unit>week|month|quarter|year) to date", _this),
    ((r"(?:in |over |during |for )?(?:the )?(?:last|past|previous) "
     r"(?P<unit>week|month|quarter|year)(?! before)"), _last),
    (r"(?:over |on |at |during )?(?:the )?last weekend", _weekend),
    (rf"{_NUMBER} (?P<unit>days?|weeks?) ago", _ago),
    (rf"(?:on )?(?:the )?(?P<d>\d{{1,2}}){_TH}(?: of)? {_M}{_YEAR}", _on_date),
    (rf"(?:on )?{_M} (?P<d>\d{{1,2}}){_TH}{_YEAR}(?!\d)", _on_date),
    (rf"(?:in |during |for |of )?(?:the month of )?{_M}{_YEAR}", _whole_month),
    (rf"(?:on )?(?:last )?{_W}", _last_weekday),
    (r"(?:in |during )?q(?P<q>[1-4])(?: (?P<y>20\d\d))?", _quarter),
    (r"(?:in |during |for )(?P<y>20\d\d)", _calendar_year),
    ((r"(?:the )?(?:week|month|quarter|day|period|\d+ (?:days|weeks|months)) before"
      r"(?: that)?|"
     r"(?:the )?(?:previous|preceding|prior) (?:period|one)"), lambda _f, _t: Relative()),
    ((r"(?:the )?(?:same (?:period|time|week|month|quarter) )?(?:a year (?:ago|before|earlier)|"
     r"last year|the year before)"), lambda _f, _t: Relative(year=True)),
)  # fmt: skip
_PATTERNS = tuple((re.compile(rf"\b(?:{source})\b"), build) for source, build in _SOURCES)
