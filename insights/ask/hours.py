"""Times of the clock in a question, as the hours that a figure is narrowed to. Pure."""

from insights.ask.scan import Scan

_AT = r"(?P<{0}>\d{{1,2}})(?::00)?(?: ?(?P<{0}x>am|pm))?"
_CLOCK = r"(?: (?:o'clock|h|hours))?"
_BETWEEN = rf"(?:between|from) {_AT.format('a')} (?:and|to|until|till|-) {_AT.format('b')}{_CLOCK}"
_AFTER = rf"(?:after|since|from) {_AT.format('a')}{_CLOCK}(?: on)?"
_BEFORE = rf"(?:before|until|till) {_AT.format('b')}{_CLOCK}"


_RANGE = (
    rf"(?<!-)(?P<a>\d{{1,2}})(?P<ax>am|pm)? ?(?:to|until|till|-) ?(?P<b>\d{{1,2}})(?P<bx>am|"
    rf"pm)?{_CLOCK}"
    r"(?= *(?:§|last|this|on|in|over|for|during|by|per|since|yesterday|today|at)|$)"
)


_NUMBERED = frozenset(
    "week day month year score priority prioritie top number quarter rank".split()
)


def clock(scan: Scan) -> tuple[str, ...]:
    """Take out "after 6 pm", "between 9 and 12"; a bare number only with "o'clock" or a range."""
    for pattern, needs_mark in (
        (_BETWEEN, False),
        (_RANGE, False),
        (_AFTER, True),
        (_BEFORE, True),
    ):
        text = scan.text
        match = scan.take(pattern)
        if match is None:
            continue
        found = match.groupdict()
        if pattern is _RANGE and not _is_of_a_clock(text[: match.start()], found):
            scan.text = text
            continue
        marked = found.get("ax") or found.get("bx") or "o'clock" in match.group()
        first = _hour(found["a"], found.get("ax") or found.get("bx")) if "a" in found else 0
        end = _hour(found["b"], found.get("bx")) if "b" in found else 24
        if (needs_mark and not marked) or first is None or not end or first >= end:
            scan.text = text
            continue
        return tuple(str(hour) for hour in range(first, end))
    return ()


def _is_of_a_clock(before: str, found: dict[str, str | None]) -> bool:
    """Whether "18 to 22" are hours: in the afternoon or marked, and of nothing that is numbered."""
    word = before.split()[-1:] or [""]
    late = int(found["b"] or 0) > 12 or found.get("ax") or found.get("bx")
    return bool(late) and word[0].rstrip("s") not in _NUMBERED


def _hour(number: str, half: str | None) -> int | None:
    """The hour on a clock of 24; None where there is no such hour."""
    hour = int(number)
    if half:
        if not 1 <= hour <= 12:
            return None
        return hour % 12 + (12 if half == "pm" else 0)
    return hour if hour <= 24 else None
