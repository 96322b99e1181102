"""Which rows a question is about: values of dimensions, weekdays, hours. Pure."""

from insights.ask.hours import clock
from insights.ask.parts import Parts
from insights.ask.reading import Vocabulary
from insights.ask.scan import Phrases, Scan, compiled
from insights.ask.spelling import normalise
from insights.ask.values import PARTS_OF_DAY, VALUES, WEEKEND, WORKDAYS
from insights.figures.plan import Filter
from insights.measures import DIMENSIONS, WEEKDAYS

_FROM_TO = compiled(r"from (?:the )?(?P<a>\w+) to (?:the )?(?P<b>\w+)")
_TEAM = compiled(r"(?P<of>\w+) team")
_NOUNS: dict[str, tuple[str, ...]] = {
    "topic": ("topic", "topics", "area", "subject", "category", "section", "shelf"),
    "team": ("team", "crew", "department", "squad", "group"),
    "language": ("language", "speaking", "speakers", "speaker"), "agent": ("agent",),
    "channel": ("channel",), "tier": ("rung", "tier"), "reason": ("reason",),
}  # fmt: skip


def values(vocabulary: Vocabulary) -> dict[str, dict[str, str]]:
    """dimension → phrase → value: the grammar's own and those on record."""
    merged = {key: dict(table) for key, table in VALUES.items()}
    for dimension, names in vocabulary.values.items():
        if dimension in DIMENSIONS:
            merged.setdefault(dimension, {}).update(
                {normalise(phrase): value for phrase, value in names.items() if phrase.strip()}
            )
    return merged


def name_weekdays(scan: Scan) -> None:
    """Sets of weekdays become the names of the days, which the filters then find."""
    for pattern, days in ((WEEKEND, WEEKDAYS[5:]), (WORKDAYS, WEEKDAYS[:5])):
        if scan.take(pattern) is not None:
            scan.text += " " + " ".join(f"{day}s" for day in days)


def hours(scan: Scan) -> tuple[str, ...]:
    """The hours of the clock or of the parts of a day that are named."""
    if found := clock(scan):
        return _in_part_of_day(scan, found)
    named: set[int] = set()
    for pattern, (first, end) in PARTS_OF_DAY.items():
        if scan.take(pattern) is not None:
            named.update(range(first, end))
    return tuple(str(hour) for hour in sorted(named))


def _in_part_of_day(scan: Scan, clocked: tuple[str, ...]) -> tuple[str, ...]:
    """Hours of the clock beside a part of the day that holds them: "in the evening between 6 pm
    and 9", "between 6 and 9 in the evening". Any other part stays in the text and refuses it."""
    given = {int(hour) for hour in clocked}
    for pattern, (first, end) in PARTS_OF_DAY.items():
        if not scan.has(pattern):
            continue
        is_beside = compiled(rf"§ +(?:{pattern})").search(scan.text) is not None
        for meant in (given, {hour + 12 for hour in given} if is_beside else given):
            if meant <= set(range(first, end)):
                scan.take(pattern)
                return tuple(str(hour) for hour in sorted(meant))
    return clocked


def narrow(scan: Scan, parts: Parts, named: dict[str, dict[str, str]], at: tuple[str, ...]) -> None:
    """Take every value that stands in the text; `at` are the hours found before."""
    chosen: dict[str, list[str]] = {"hour": list(at)} if at else {}
    parts.unmet = (*parts.unmet, *_not_recorded(scan.text, named))
    everything = _everything(named, tiers=not parts.measure.endswith(("gpu_share", "cpu_share")))
    while (found := scan.longest(everything, lift=True)) is not None:
        dimension, value = found[1].split("\n")
        if value not in chosen.setdefault(dimension, []):
            chosen[dimension].append(value)
    parts.filters = tuple(
        Filter(dimension, tuple(_in_order(dimension, picked)))
        for dimension, picked in sorted(chosen.items())
    )


def _not_recorded(text: str, named: dict[str, dict[str, str]]) -> tuple[str, ...]:
    """What values are said in a way that is on no record: from one team to another, or the team of
    a topic."""
    found = []
    if match := _FROM_TO.search(text):
        both = set(match.group("a", "b"))
        found += [match.group() for table in named.values() if both <= table.keys()][:1]
    for match in _TEAM.finditer(text):
        if match.group("of") in named.get("topic", {}):
            found.append(match.group())
    return tuple(found)


def _everything(named: dict[str, dict[str, str]], *, tiers: bool) -> Phrases:
    return Phrases(
        {
            spoken: f"{dimension}\n{value}"
            for dimension in named
            if tiers or dimension != "tier"
            for phrase, value in named[dimension].items()
            for form in _forms(dimension, phrase)
            for spoken in _with_noun(dimension, form)
        }
    )


def _forms(dimension: str, phrase: str) -> tuple[str, ...]:
    """A topic in its singular, too: "gift cards", "a gift card"; not "order", which orders."""
    if dimension in ("agent", "team"):
        return phrase, f"{phrase}'s"
    if dimension == "topic" and phrase in ("account",):
        return phrase, f"{phrase}s"
    if dimension == "topic" and phrase.endswith("y"):
        return phrase, f"{phrase[:-1]}ies"
    if dimension != "topic" or not phrase.endswith("s") or len(phrase) < 7:
        return (phrase,)
    return phrase, phrase[:-1]


def _with_noun(dimension: str, phrase: str) -> tuple[str, ...]:
    """A value alone and with the name of what it is: "billing", "billing team", "team billing"."""
    nouns = _NOUNS.get(dimension, ())
    joined = (f"{phrase}-speaking", f"{phrase}-language") if dimension == "language" else ()
    return (
        phrase,
        *joined,
        *(f"{phrase} {noun}" for noun in nouns),
        *(f"{noun} {phrase}" for noun in nouns),
    )


def _in_order(dimension: str, picked: list[str]) -> list[str]:
    if dimension == "hour":
        return sorted(picked, key=int)
    return sorted(picked, key=WEEKDAYS.index) if dimension == "weekday" else sorted(picked)
