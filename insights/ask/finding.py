"""Takes a question apart: what in it names a figure, a time, a filter, a grouping. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from conversations.retrieval.terms import stem
from insights.ask import times, words
from insights.ask.reading import Vocabulary
from insights.ask.scan import Scan, compiled, plain, table
from insights.ask.spelling import mend, normalise
from insights.ask.spelling import words as split
from insights.figures.periods import Period
from insights.figures.plan import SAVINGS, Filter, Order
from insights.measures import DIMENSIONS, MEASURES, WEEKDAYS, Grain

_MEASURES = table(words.MEASURES)
_AMBIGUOUS = {phrase: every for every in words.AMBIGUOUS for phrase in every.split("|")}
_VOLUME = ("conversations", "questions")
_SPEED = r"how fast|how quick|how quickly|how slow|how long|fast|quick|quickly|slow"
NEGATION = r"not|no|without|except|excluding|besides|other than|never|n't|but not|apart from"
#: Words of formulas that would restrict a figure if somebody said them.
_MEANINGFUL = (
    "person known silent confirmed agent customer article people wrong unsafe cache worker 7 days "
    "week first last next same topic 95 5 100"
)
_COUNT = rf"\d{{1,2}}|{'|'.join(times.NUMBERS)}"
_NUMBERED = (
    rf"(?:top|first|{words.MOST}|{words.LEAST}|{words.BEST}|{words.WORST}) (?P<n1>{_COUNT})|"
    rf"(?P<n2>{_COUNT})(?= (?:{words.MOST}|{words.LEAST}|{words.BEST}|{words.WORST}))"
)
_NOUNS: dict[str, tuple[str, ...]] = {
    "team": ("team",), "topic": ("topic", "topics"), "language": ("language",), "agent": ("agent",),
    "channel": ("channel",), "tier": ("rung", "tier"), "reason": ("reason",),
}  # fmt: skip


@dataclass
class Parts:
    """What was found in a question; empty where it says nothing."""

    measure: str = ""
    ambiguous: str = ""
    period: Period | None = None
    shift: times.Relative | None = None
    compare: times.Span | None = None
    compares: bool = False
    filters: tuple[Filter, ...] = ()
    group: str = ""
    order: Order = ""
    limit: int = 0
    p95: bool = False
    speed: bool = False
    why: bool = False
    follows: bool = False
    left: tuple[str, ...] = ()
    mended: tuple[tuple[str, str], ...] = ()


def find(text: str, vocabulary: Vocabulary, today: date) -> Parts:
    """Take the question apart. Raises times.Future."""
    values = _values(vocabulary)
    mended_text, mended = mend(normalise(text), _known(tuple(sorted(_phrases(values)))))
    scan, parts = Scan(plain(mended_text)), Parts(mended=mended)
    parts.follows = scan.text.split(" ")[0] in words.FOLLOW.split("|") or scan.has(
        rf"^(?:{words.FOLLOW})"
    )
    parts.follows = scan.take(rf"^{words.AGAIN}") is not None or parts.follows
    parts.why = scan.take(words.WHY) is not None
    _weekdays(scan, values)
    _measure_first(scan, parts)
    _times(scan, parts, today)
    hours = _parts_of_day(scan)
    _ordering(scan, parts)
    _filters(scan, parts, values, hours)
    _grouping(scan, parts)
    _measure(scan, parts)
    parts.compares = parts.compares or scan.take(words.CHANGE) is not None
    while scan.take(words.CHANGE) or scan.take(rf"^(?:{words.FOLLOW})"):
        pass
    parts.left = _left(scan, parts)
    return parts


def _left(scan: Scan, parts: Parts) -> tuple[str, ...]:
    """Words that were not understood; an ambiguous one is understood as a question back."""
    if parts.measure and MEASURES.get(parts.measure, MEASURES["people"]).unit in ("seconds", "ms"):
        scan.take(_SPEED)
    if not parts.measure and (found := scan.longest(_AMBIGUOUS)) is not None:
        parts.ambiguous = found[1]
    own = _own_words(parts.measure)
    return tuple(word for word in scan.rest() if stem(word) not in own)


@lru_cache(maxsize=128)
def _own_words(measure: str) -> frozenset[str]:
    """Words of a figure's own name and formula: they add nothing to it and change nothing."""
    if measure not in MEASURES:
        return frozenset({stem("money")}) if measure == SAVINGS else frozenset()
    found = MEASURES[measure]
    text = normalise(f"{found.name} {found.formula}")
    own = frozenset(map(stem, split(text))) - frozenset(map(stem, split(_MEANINGFUL)))
    # Each hand-over is to a person: saying so restricts nothing.
    return own | {"person", "people", "agent"} if found.grain is Grain.ESCALATION else own


def _parts_of_day(scan: Scan) -> tuple[str, ...]:
    """Hours of the parts of a day that are named."""
    hours: list[int] = []
    for pattern, (first, end) in words.PARTS_OF_DAY.items():
        if scan.take(pattern) is not None:
            hours.extend(range(first, end))
    return tuple(str(hour) for hour in sorted(set(hours)))


def _weekdays(scan: Scan, values: dict[str, dict[str, str]]) -> None:
    """Sets of weekdays become the names of the days, which the filters then find."""
    for pattern, days in ((words.WEEKEND, WEEKDAYS[5:]), (words.WORKDAYS, WEEKDAYS[:5])):
        if scan.has(pattern):
            scan.take(pattern)
            scan.text += " " + " ".join(f"{day}s" for day in days)


def _measure_first(scan: Scan, parts: Parts) -> None:
    """Figures whose names hold other words: "wrong answers", "cost per conversation"."""
    if scan.has(rf"(?:{words.P95})"):
        scan.take(words.P95)
        parts.p95 = True
    long_ones = {phrase: key for phrase, key in _MEASURES.items() if " " in phrase}
    found = scan.longest(long_ones)
    if found is not None:
        parts.measure = found[1]


def _times(scan: Scan, parts: Parts, today: date) -> None:
    """The period, and the one that it is compared with, which stands after "against"."""
    while (marker := scan.take(words.AGAINST)) is not None:
        parts.compares = True
        place = marker.start()
        behind = times.read(scan.text[place:], today)
        if behind is not None:
            span, (start, end) = behind
            parts.compare = span
            scan.cut(place + start, place + end)
    while (found := times.read(scan.text, today)) is not None:
        span, place_of = found
        if isinstance(span, Period) and parts.period is None:
            parts.period = span
        elif isinstance(span, times.Relative) and parts.period is None and parts.shift is None:
            parts.shift = span
        else:
            break
        scan.cut(*place_of)


def _ordering(scan: Scan, parts: Parts) -> None:
    if match := compiled(_NUMBERED).search(scan.text):
        number = match.group("n1") or match.group("n2")
        parts.limit, parts.order = int(times.NUMBERS.get(number, 0) or number), "desc"
        scan.cut(*match.span("n1" if match.group("n1") else "n2"))
    parts.speed = scan.has(words.SPEED_ORDER)
    if scan.has(words.BUSY) and not parts.measure:
        parts.measure = "conversations"
    if scan.take(words.MOST):
        parts.order = "desc"
    elif scan.take(words.LEAST):
        parts.order = "asc"
    elif match := scan.take(rf"(?P<best>{words.BEST})|{words.WORST}"):
        parts.order = "asc" if match.group("best") else "desc"
        parts.ambiguous = "best" if match.group("best") else "worst"


def _filters(
    scan: Scan, parts: Parts, values: dict[str, dict[str, str]], hours: tuple[str, ...]
) -> None:
    everything = {
        named: f"{dimension}\n{value}"
        for dimension in values
        for phrase, value in values[dimension].items()
        for named in _with_noun(dimension, phrase)
    }
    chosen: dict[str, list[str]] = {"hour": list(hours)} if hours else {}
    if parts.measure.endswith(("gpu_share", "cpu_share")):
        everything = {k: v for k, v in everything.items() if not v.startswith("tier\n")}
    while (found := scan.longest(everything)) is not None:
        dimension, value = found[1].split("\n")
        if value not in chosen.setdefault(dimension, []):
            chosen[dimension].append(value)
    parts.filters = tuple(
        Filter(dimension, tuple(_in_order(dimension, picked)))
        for dimension, picked in sorted(chosen.items())
    )


def _with_noun(dimension: str, phrase: str) -> tuple[str, ...]:
    """A value alone and with the name of what it is: "billing", "billing team", "team billing"."""
    nouns = _NOUNS.get(dimension, ())
    return (
        phrase,
        *(f"{phrase} {noun}" for noun in nouns),
        *(f"{noun} {phrase}" for noun in nouns),
    )


def _in_order(dimension: str, values: list[str]) -> list[str]:
    if dimension == "hour":
        return sorted(values, key=int)
    return sorted(values, key=WEEKDAYS.index) if dimension == "weekday" else sorted(values)


def _grouping(scan: Scan, parts: Parts) -> None:
    for adverb, dimension in words.ADVERBS.items():
        if scan.take(adverb):
            parts.group = dimension
    for leading in (rf"(?:{words.GROUP_BEFORE}) ", r"(?<!\ban )(?<!\ba )"):
        for dimension, names in words.DIMENSIONS.items():
            if not parts.group and scan.take(f"{leading}(?:{names})"):
                parts.group = dimension
    if scan.take(words.TREND) and not parts.group:
        parts.group = "trend"


def _measure(scan: Scan, parts: Parts) -> None:
    """The figure, its twin for shares or for the unlucky ones, and only one of them."""
    if not parts.measure:
        found = scan.gapped(_MEASURES) or scan.longest(_MEASURES)
        if found is not None:
            parts.measure = found[1]
    else:
        _neutral(scan, parts)
    if parts.p95:
        parts.measure = words.P95_TWIN.get(parts.measure, "")
    if parts.measure in _VOLUME and (
        other := scan.longest({k: v for k, v in _MEASURES.items() if v not in _VOLUME})
    ):
        parts.measure = other[1]  # "conversations that were escalated"
    wants_share = scan.take(words.SHARE) is not None
    if wants_share:
        _tier_share(parts)
        by_reason = any(item.dimension == "reason" for item in parts.filters)
        if not by_reason and parts.group != "reason":  # a share by reason is not recorded
            parts.measure = words.SHARE_TWIN.get(parts.measure, parts.measure)
    _neutral(scan, parts)


def _neutral(scan: Scan, parts: Parts) -> None:
    """Words for what is counted add nothing beside another figure: "share of conversations"."""
    scan.take(words.MEASURES["conversations"])
    scan.take(words.MEASURES["people"])
    if parts.measure in MEASURES and MEASURES[parts.measure].grain == "turn":
        scan.take(words.MEASURES["questions"])
    same = {p: k for p, k in _MEASURES.items() if k == parts.measure}
    scan.longest(same)


def _tier_share(parts: Parts) -> None:
    """ "What share came from the gpu" asks for the rung's share, not for a filter."""
    tiers = [item for item in parts.filters if item.dimension == "tier"]
    if len(tiers) == 1 and len(tiers[0].values) == 1 and parts.measure in ("", "questions"):
        parts.measure = f"{tiers[0].values[0]}_share"
        parts.filters = tuple(item for item in parts.filters if item.dimension != "tier")


def _values(vocabulary: Vocabulary) -> dict[str, dict[str, str]]:
    merged: dict[str, dict[str, str]] = {key: dict(table) for key, table in words.VALUES.items()}
    for dimension, names in vocabulary.values.items():
        if dimension in DIMENSIONS:
            merged.setdefault(dimension, {}).update(
                {normalise(phrase): value for phrase, value in names.items() if phrase.strip()}
            )
    return merged


def _phrases(values: dict[str, dict[str, str]]) -> set[str]:
    return {word for table in values.values() for phrase in table for word in split(phrase)}


@lru_cache(maxsize=8)
def _known(names: tuple[str, ...]) -> frozenset[str]:
    """Every word that the grammar understands: none of them is a slip."""
    texts: Iterable[str] = (
        *_MEASURES, *words.AMBIGUOUS, *words.DIMENSIONS.values(), *words.ADVERBS, words.TREND,
        words.MOST, words.LEAST, words.WHY, words.CHANGE, words.AGAINST, words.FOLLOW, words.SHARE,
        words.GROUP_BEFORE, NEGATION, "today yesterday tomorrow week weeks month months quarter "
        "quarters year years last past previous since before after between until january february "
        "march april june july august september october november december percentile median "
        "weekend weekends fortnight half calendar first second third fourth start beginning "
        "morning mornings afternoon afternoons evening evenings night nights overnight narrow "
        "restrict limit zoom filter break split slice group make change switch repeat show "
        + " ".join((*WEEKDAYS, *times.NUMBERS)), *words.SAME, *words.SAME.values(),
    )  # fmt: skip
    plainly = [text.replace("|", " ") for text in texts]
    both = (*plainly, *(text.replace("s?", "") for text in plainly))
    found = {word for text in both for word in split(text.replace("?", ""))}
    return frozenset(found | set(names) | words.FILLER)
