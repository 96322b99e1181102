"""Spans of time as people write them. Pure: the day of today comes in."""

import re
from datetime import date, timedelta

from insights.ask import spans
from insights.ask.spans import DAYS, NUMBERS, Builder, Future, NoSuchDay, Relative, Span
from insights.figures.periods import Period, add_months

_MONTH = (
    r"(?P<{0}>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = rf"(?P<{{0}}>{'|'.join(DAYS)})"
_NUMBER = rf"(?P<n>\d{{1,3}}|{'|'.join(NUMBERS)})"
_TH = r"(?:st|nd|rd|th)?"


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
    try:
        span = best[1](best[2], today)
    except Future:
        raise
    except ValueError as error:
        raise NoSuchDay from error
    if isinstance(span, Period) and span.start > today:
        raise Future
    return span, best[0]


def this_and_last(text: str, today: date) -> tuple[Period, Period] | None:
    """This unit and the one before where a text begins with "last month" and the like."""
    match = _LAST_UNIT.match(text)
    if match is None:
        return None
    found = match.groupdict()
    this, last = spans.this(found, today), spans.last(found, today)
    assert isinstance(this, Period)
    assert isinstance(last, Period)
    return this, last


def two_months(text: str, today: date) -> tuple[Period, Period, tuple[int, int]] | None:
    """The earlier and the later of two months side by side, and where they stand."""
    match = _TWO_MONTHS.search(text)
    if match is None:
        return None
    found = match.groupdict()
    years = {"y": found["y"]} if found.get("y") else {}
    later = spans.whole_month({"m": found["m2"], **years}, today)
    earlier = spans.whole_month({"m": found["m"], **years}, today)
    assert isinstance(later, Period)
    assert isinstance(earlier, Period)
    if earlier.start > later.start and found["joined"] is not None:
        earlier, later = later, earlier  # "October and September": the nearer one is meant
    elif earlier.start > later.start:
        earlier = Period(add_months(earlier.start, -12), add_months(earlier.end, -12))
    return earlier, later, match.span()


_YEAR = r"(?:,? (?P<y>20\d\d))?"
_M, _M2, _W = _MONTH.format("m"), _MONTH.format("m2"), _DAY.format("w")
_SOURCES: tuple[tuple[str, Builder], ...] = (
    (r"tomorrow|next (?:week|month|quarter|year|\d+ \w+)|in the future|forecast", spans.never),
    (rf"(?:in |of )?{_M},? (?:of )?(?:last year|the year before)", spans.month_last_year),
    ((r"(?:in |during |over )?(?:the )?(?P<last>last |past )?(?P<s>spring|summer|autumn|winter|"
      r"(?<=last )fall|(?<=in )fall|fall(?= 20\d\d))(?: (?:of )?(?P<y>20\d\d))?"), spans.season),
    (rf"(?:between|from) {_W} (?:and|to|until|till) {_DAY.format('w2')}", spans.weekdays_between),
    (rf"(?:on )?{_W} (?:of )?(?P<k>last|this|the previous) week", spans.day_last_week),
    (r"since (?:the )?(?:last|previous) (?P<unit>week|month|quarter|year)", spans.since_last),
    (rf"(?:in )?{_M} and {_M2}{_YEAR}", spans.months_between),
    (rf"{_NUMBER} (?P<unit>months?|quarters?|years?) ago", spans.months_ago),
    (r"(?:the )?day before yesterday", lambda _f, t: spans.one(t - timedelta(days=2))),
    (r"today", lambda _f, t: spans.one(t)),
    (r"yesterday", lambda _f, t: spans.one(t - timedelta(days=1))),
    ((rf"(?:between |from )?(?:the )?(?P<d>\d{{1,2}}){_TH}(?: of)?(?: {_M})?(?: (?:and|to|"
      rf"until|till|through|-) |-)"
     rf"(?:the )?(?P<d2>\d{{1,2}}){_TH}(?: of)? {_M2}{_YEAR}"), spans.between),
    ((rf"(?:between |from )?{_M} (?P<d>\d{{1,2}}){_TH} (?:and|to|until|till|through|-) {_M2} "
     rf"(?P<d2>\d{{1,2}}){_TH}{_YEAR}"), spans.between),
    (rf"(?:between|from) {_M} (?:and|to|until|till) {_M2}{_YEAR}", spans.months_between),
    (rf"{_M} (?:to|until|till|through|thru|-) {_M2}{_YEAR}(?! \d)", spans.months_between),
    (r"(?:between |from )?(?P<d>20\d\d-\d\d-\d\d) (?:and|to|until|till|-) (?P<d2>20\d\d-\d\d-\d\d)",
     spans.iso),
    (r"(?:on )?(?P<d>20\d\d-\d\d-\d\d)", spans.iso),
    (rf"since (?:the )?(?:last )?(?:{_W}|(?P<d>\d{{1,2}}){_TH}(?: of)? {_M}{_YEAR}|yesterday)",
     spans.since),
    (r"since (?:the )?(?:start|beginning) of (?:the |this )?(?P<unit>week|month|quarter|year)",
     spans.since_start),
    ((r"(?:in |over |during )?(?:the )?(?P<unit>week|month|quarter|year) before last"
      r"(?! (?:week|month))"), spans.before_last),
    ((rf"(?:in |over |during )?(?:the )?week (?:of|from|beginning|starting|commencing)(?: "
      rf"on)?(?: the)? "
      rf"(?P<d>\d{{1,2}}){_TH}(?: of)? {_M}{_YEAR}"), spans.week_of),
    ((rf"(?:in |over |during )?(?:the )?week (?:of|from|beginning|starting|commencing)(?: "
      rf"on)? {_M} "
      rf"(?P<d>\d{{1,2}}){_TH}{_YEAR}"), spans.week_of),
    ((r"(?:in )?(?:calendar )?week (?P<n>[1-9]|[1-4]\d|5[0-2])(?: (?:of )?(?P<y>20\d\d))?"
     r"(?! \w+ ago)"), spans.numbered_week),
    ((rf"(?:in |over |during )?(?:the )?(?P<o>first|second) half of (?:{_M}{_YEAR}|"
     r"(?:the |this )?year|(?P<yy>20\d\d))"), spans.half_of),
    (r"(?:in )?h(?P<h>[12])(?: (?P<y>20\d\d))?", spans.half),
    ((r"(?:in |over |during )?(?:the )?(?P<o>first|second|third|fourth|1st|2nd|3rd|4th) quarter"
     r"(?: (?:of )?(?P<y>20\d\d))?"), spans.ordinal_quarter),
    ((rf"(?:in |over |during )?(?:the )?first {_NUMBER}? ?(?P<unit>days?|weeks?) of {_M}{_YEAR}"),
     spans.days_of_month),
    (r"year (?:over|on|by) year|year-over-year|yoy", lambda _f, _t: Relative("year")),
    (r"(?:month|week|quarter) (?:over|on|by) (?:month|week|quarter)|month-over-month|mom|wow",
     lambda _f, _t: Relative()),
    (rf"since {_M} (?P<d>\d{{1,2}}){_TH}{_YEAR}", spans.since),
    (rf"since (?:the beginning of |the start of )?{_M}{_YEAR}", spans.since),
    ((rf"(?:in |over |during |for |within )?(?:the |these )?(?:last|past|previous|latest) "
      rf"{_NUMBER} (?P<unit>days?|weeks?|months?|quarters?|years?)"), spans.last_n),
    (r"(?:in |over |during |for )?(?:the )?(?:last|past) fortnight",
     lambda _f, t: Period(t - timedelta(days=14), t)),
    ((r"(?:in |over |during |for )?(?:this|the current) (?P<unit>week|month|quarter|year)"
     r"(?: so far)?"), spans.this),
    (r"(?:the )?(?P<unit>week|month|quarter|year) (?:to date|so far)", spans.this),
    ((r"(?:in |over |during |for )?(?:the )?(?:last|past|previous) "
     r"(?P<unit>week|month|quarter|year)(?! before)"), spans.last),
    (r"(?:over |on |at |during )?(?:the )?last weekend", spans.weekend),
    (rf"{_NUMBER} (?P<unit>days?|weeks?) ago", spans.ago),
    (rf"(?:on )?(?:the )?(?P<d>\d{{1,2}}){_TH}(?: of)? {_M}{_YEAR}", spans.on_date),
    (rf"(?:on )?{_M} (?P<d>\d{{1,2}}){_TH}{_YEAR}(?!\d)", spans.on_date),
    (rf"(?:in |during |for |of )?(?:the month of )?{_M}{_YEAR}", spans.whole_month),
    (rf"(?:on )?(?:last )?{_W}", spans.last_weekday),
    (
        (r"(?:in |during )?q(?P<q>[1-4])"
         r"(?: (?P<y>20\d\d)| (?:of )?(?P<now>this|the current) year)?"),
        spans.quarter,
    ),
    (r"(?:in |during |for |over |of )(?:the )?(?:whole )?(?:year )?(?P<y>20\d\d)",
     spans.calendar_year),
    ((r"(?:the )?same (?:day|weekday|time) (?:of |in )?(?:a|one|the|last|the previous) "
      r"(?P<unit>week|month)(?: (?:before|earlier|ago))?"), spans.same_days),
    (r"(?:a|one) (?P<unit>week|month) (?:earlier|before)", spans.same_days),
    ((r"(?:the )?(?:week|month|quarter|day|period|"
      r"\d+ (?:days|weeks|months)) before"
      r"(?: that)?|"
     r"(?:the )?(?:previous|preceding|prior) (?:period|one)"), lambda _f, _t: Relative()),
    ((r"(?:the )?(?:same (?:period|time|week|month|quarter) )?(?:a year (?:ago|before|earlier)|"
     r"last year|the year before)"), lambda _f, _t: Relative("year")),
)  # fmt: skip
_PATTERNS = tuple((re.compile(rf"\b(?:{source})\b"), build) for source, build in _SOURCES)
_LAST_UNIT = re.compile(r"\W*(?:the )?(?:last|previous) (?P<unit>week|month|quarter|year)\b")
_TWO_MONTHS = re.compile(
    rf"\b(?:(?:between |from )|(?P<joined>\b))(?:in )?{_M} (?:and|to) {_M2}{_YEAR}\b(?! \d)"
)
