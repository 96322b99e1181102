"""Builds spans of time from what a pattern found in a question. Pure: the day of today comes in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from insights.figures.periods import Period, add_months

DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
MONTHS = (
    "january february march april may june july august september october november december"
).split()
NUMBERS = {
    word: number
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve".split(), 1
    )
}
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3,
             "4th": 4}  # fmt: skip


@dataclass(frozen=True)
class Relative:
    """A span told by another: the period before it, or the same days a week, month, year before."""

    unit: Literal["", "week", "month", "year"] = ""

    def to(self, period: Period) -> Period:
        """The span that stands so to `period`."""
        match self.unit:
            case "week":
                return period.shifted(-7)
            case "month":
                return Period(add_months(period.start, -1), add_months(period.end, -1))
            case "year":
                return period.year_before()
        return period.before()


class Future(ValueError):
    """The question is about what has not happened yet."""


class NoSuchDay(ValueError):
    """The calendar has no such day, or a span ends before it begins."""


Span = Period | Relative
Builder = Callable[[dict[str, str], date], Span]


def named(name: str) -> int:
    return next(i for i, month in enumerate(MONTHS, 1) if month.startswith(name[:3]))


def year_of(month: int, given: str | None, today: date) -> int:
    """The year that a month without one means: the latest that has begun."""
    if given:
        return int(given)
    return today.year if month <= today.month else today.year - 1


def one(day: date) -> Period:
    return Period(day, day + timedelta(days=1))


def whole_month(found: dict[str, str], today: date) -> Span:
    month = named(found["m"])
    start = date(year_of(month, found.get("y"), today), month, 1)
    return Period(start, min(add_months(start, 1), max(today, start) + timedelta(days=1)))


def day_in(day: str, month: str, year: str | None, today: date) -> date:
    number = named(month)
    found = date(year_of(number, year, today), number, int(day))
    return found if year or found <= today else found.replace(year=found.year - 1)


def on_date(found: dict[str, str], today: date) -> Span:
    return one(day_in(found["d"], found["m"], found.get("y"), today))


def between(found: dict[str, str], today: date) -> Span:
    last = day_in(found["d2"], found["m2"], found.get("y"), today)
    first = day_in(found["d"], found.get("m", found["m2"]), found.get("y"), last)
    if first > last or (first - last).days < -366:
        raise NoSuchDay
    if "m" not in found and int(found["d"]) > int(found["d2"]):
        raise NoSuchDay  # "from 5 to 1 October"
    return Period(first, last + timedelta(days=1))


def months_between(found: dict[str, str], today: date) -> Span:
    last = whole_month({"m": found["m2"], **({"y": found["y"]} if "y" in found else {})}, today)
    first = whole_month({"m": found["m"]}, today)
    assert isinstance(first, Period)
    assert isinstance(last, Period)
    return Period(first.start, last.end)


def iso(found: dict[str, str], today: date) -> Span:
    start = date.fromisoformat(found["d"])
    end = date.fromisoformat(found["d2"]) if "d2" in found else start
    return Period(start, end + timedelta(days=1))


def last_weekday(found: dict[str, str], today: date) -> Span:
    back = (today.weekday() - DAYS.index(found["w"])) % 7 or 7
    return one(today - timedelta(days=back))


def since(found: dict[str, str], today: date) -> Span:
    tomorrow = today + timedelta(days=1)
    if "w" in found:
        back = (today.weekday() - DAYS.index(found["w"])) % 7
        return Period(today - timedelta(days=back), tomorrow)
    if "d" in found:
        return Period(day_in(found["d"], found["m"], found.get("y"), today), tomorrow)
    if "m" in found:
        month = whole_month(found, today)
        assert isinstance(month, Period)
        return Period(month.start, tomorrow)
    return Period(today - timedelta(days=1), tomorrow)


def last_n(found: dict[str, str], today: date) -> Span:
    count = int(NUMBERS.get(found["n"], 0) or found["n"])
    for unit, months in (("month", 1), ("quarter", 3), ("year", 12)):
        if found["unit"].startswith(unit):
            return Period(add_months(today, -count * months), today)
    days = count * (7 if found["unit"].startswith("week") else 1)
    return Period(today - timedelta(days=max(1, days)), today)


def start_of(unit: str, today: date) -> date:
    match unit:
        case "week":
            return today - timedelta(days=today.weekday())
        case "month":
            return today.replace(day=1)
        case "quarter":
            return date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    return date(today.year, 1, 1)


def this(found: dict[str, str], today: date) -> Span:
    return Period(start_of(found["unit"], today), today + timedelta(days=1))


def last(found: dict[str, str], today: date) -> Span:
    end = start_of(found["unit"], today)
    back = {"week": end - timedelta(days=7), "month": add_months(end, -1),
            "quarter": add_months(end, -3), "year": add_months(end, -12)}  # fmt: skip
    return Period(back[found["unit"]], end)


def quarter(found: dict[str, str], today: date) -> Span:
    number = int(found["q"])
    first = (number - 1) * 3 + 1
    year = str(today.year) if "now" in found else found.get("y")
    start = date(year_of(first, year, today), first, 1)
    return Period(start, min(add_months(start, 3), max(start, today) + timedelta(days=1)))


def ordinal_quarter(found: dict[str, str], today: date) -> Span:
    return quarter({**found, "q": str(ORDINALS[found["o"]])}, today)


def half(found: dict[str, str], today: date) -> Span:
    """The first or second half of a month or of a year."""
    is_first = ORDINALS.get(found.get("o", ""), int(found.get("h", "0"))) == 1
    if "m" in found:
        start = date(year_of(named(found["m"]), found.get("y"), today), named(found["m"]), 1)
        middle, end = start.replace(day=16), add_months(start, 1)
    else:
        start = date(int(found.get("y", today.year)), 1, 1)
        middle, end = add_months(start, 6), add_months(start, 12)
    begin, end = (start, middle) if is_first else (middle, end)
    return Period(begin, min(end, max(begin, today) + timedelta(days=1)))


def half_of(found: dict[str, str], today: date) -> Span:
    return half({**found, **({"y": found["yy"]} if "yy" in found else {})}, today)


def days_of_month(found: dict[str, str], today: date) -> Span:
    """The first days or weeks of a month."""
    number = named(found["m"])
    start = date(year_of(number, found.get("y"), today), number, 1)
    count = int(NUMBERS.get(found.get("n", "one"), 0) or found.get("n", 1))
    days = count * (7 if found["unit"].startswith("week") else 1)
    return Period(start, start + timedelta(days=days))


def week_of(found: dict[str, str], today: date) -> Span:
    day = day_in(found["d"], found["m"], found.get("y"), today)
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + timedelta(days=7))


def numbered_week(found: dict[str, str], today: date) -> Span:
    """A week by its ISO number: of the year given, or the latest that has begun."""
    year = int(found.get("y", today.year))
    monday = date.fromisocalendar(year, int(found["n"]), 1)
    if "y" not in found and monday > today:
        monday = date.fromisocalendar(year - 1, int(found["n"]), 1)
    return Period(monday, monday + timedelta(days=7))


def before_last(found: dict[str, str], today: date) -> Span:
    unit = last(found, today)
    assert isinstance(unit, Period)
    return unit.before()


def since_start(found: dict[str, str], today: date) -> Span:
    return Period(start_of(found["unit"], today), today + timedelta(days=1))


def calendar_year(found: dict[str, str], today: date) -> Span:
    start = date(int(found["y"]), 1, 1)
    return Period(start, min(add_months(start, 12), max(start, today) + timedelta(days=1)))


def weekend(_found: dict[str, str], today: date) -> Span:
    saturday = today - timedelta(days=(today.weekday() - 5) % 7 or 7)
    return Period(saturday, saturday + timedelta(days=2))


def ago(found: dict[str, str], today: date) -> Span:
    count = int(NUMBERS.get(found["n"], 0) or found["n"])
    if found["unit"].startswith("day"):
        return one(today - timedelta(days=count))
    monday = start_of("week", today) - timedelta(days=7 * count)
    return Period(monday, monday + timedelta(days=7))


def months_ago(found: dict[str, str], today: date) -> Span:
    count = int(NUMBERS.get(found["n"], 0) or found["n"])
    months = {"month": 1, "quarter": 3, "year": 12}[found["unit"].rstrip("s")]
    start = add_months(start_of(found["unit"].rstrip("s"), today), -count * months)
    return Period(start, add_months(start, months))


_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}


def season(found: dict[str, str], today: date) -> Span:
    """Of the year given, or the latest that has begun; "last" means one that is over."""
    first = _SEASONS[found["s"]]
    start = date(int(found.get("y", today.year)), first, 1)
    if "y" not in found:
        while start > today or ("last" in found and add_months(start, 3) > today):
            start = add_months(start, -12)
    return Period(start, min(add_months(start, 3), max(start, today) + timedelta(days=1)))


def weekdays_between(found: dict[str, str], today: date) -> Span:
    last = today - timedelta(days=(today.weekday() - DAYS.index(found["w2"])) % 7)
    first = last - timedelta(days=(last.weekday() - DAYS.index(found["w"])) % 7)
    return Period(first, last + timedelta(days=1))


def month_last_year(found: dict[str, str], today: date) -> Span:
    start = date(today.year - 1, named(found["m"]), 1)
    return Period(start, add_months(start, 1))


def day_last_week(found: dict[str, str], today: date) -> Span:
    monday = start_of("week", today) - timedelta(days=7 if found["k"] != "this" else 0)
    return one(monday + timedelta(days=DAYS.index(found["w"])))


def since_last(found: dict[str, str], today: date) -> Span:
    unit = last(found, today)
    assert isinstance(unit, Period)
    return Period(unit.start, today + timedelta(days=1))


def never(_found: dict[str, str], _today: date) -> Span:
    raise Future


def same_days(found: dict[str, str], _today: date) -> Span:
    return Relative("week" if found["unit"] == "week" else "month")
