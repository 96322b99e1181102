"""Takes a question apart: what in it names a figure, a time, a filter, a grouping. Pure."""

from datetime import date
from functools import lru_cache

from conversations.retrieval.terms import stem
from insights.ask import measuring, narrowing, off_record, phrasebook, times, words
from insights.ask.english import common
from insights.ask.filler import FILLER, IDLE, ORDERS
from insights.ask.lexicon import NEGATION, known
from insights.ask.parts import Parts
from insights.ask.reading import Vocabulary
from insights.ask.rewriting import rewrite
from insights.ask.scan import Phrases, Scan, compiled
from insights.ask.spans import NUMBERS, Relative
from insights.ask.spelling import apart, mend, normalise
from insights.ask.spelling import words as split
from insights.ask.synonyms import as_customers, plain
from insights.ask.tidying import tidy, without_greeting
from insights.figures.periods import Period
from insights.figures.plan import SAVINGS
from insights.measures import MEASURES, SERIES, Grain

_AMBIGUOUS = Phrases({phrase: every for every in words.AMBIGUOUS for phrase in every.split("|")})
_SPEED = r"how soon|soon|how fast|how quick|how quickly|how slow|how long|fast|quick|quickly|slow"
_TO_PEOPLE = ("escalation_rate", "handover_rate", "human_resolved_share", "unserved_share")
#: Who works: taken first, because figures' phrases begin with them ("agents solve").
_WORKING = {key: words.DIMENSIONS[key] for key in ("agent", "team")}
#: Spans shorter than a day are no period here.
_WITHIN_A_DAY = r"(?:last|past|previous|this|the current)(?: \w+)? (?:hours?|minutes?|seconds?)"
#: Words of formulas that would restrict a figure if somebody said them.
_MEANINGFUL = (
    "person known silent confirmed agent customer article people wrong unsafe cache worker 7 days "
    "week first last next same topic 95 5 100"
)
_COUNT = rf"\d{{1,2}}|{'|'.join(NUMBERS)}"
_NUMBERED = (
    rf"(?:top|first|{words.MOST}|{words.LEAST}|{words.BEST}|{words.WORST}) (?P<n1>{_COUNT})|"
    rf"(?:which|what|the|show|list|name|give) (?P<n3>{_COUNT})"
    rf"(?= +(?:§|{'|'.join(words.DIMENSIONS.values())}))|"
    rf"^(?P<n4>{_COUNT})(?= (?:topics|articles|agents|teams|themes|languages|channels) with )|"
    rf"(?P<n2>{_COUNT})(?= (?:{words.MOST}|{words.LEAST}|{words.BEST}|{words.WORST}))"
)


def find(text: str, vocabulary: Vocabulary, today: date, *, measure: str = "") -> Parts:
    """Take the question apart; its figure is `measure` where one is given. Raises times.Future."""
    values = narrowing.values(vocabulary)
    names = {word for table in values.values() for phrase in table for word in split(phrase)}
    lexicon = known(tuple(sorted(names)))
    whole = apart(tidy(normalise(without_greeting(text))), lexicon)
    mended_text, mended = mend(whole, lexicon, english=common())
    mended_text, called = as_customers(mended_text, names)
    mended = (*mended, *called)
    scan, parts = Scan(rewrite(plain(mended_text))), Parts(mended=mended, text=mended_text)
    parts.measure, parts.given = measure, bool(measure)
    _intent(scan, parts)
    narrowing.name_weekdays(scan)
    _group_by(scan, parts, r"(?:which|what|per|each|every)(?: of (?:our|my|the|these))? ", _WORKING)
    measuring.name_first(scan, parts)
    _times(scan, parts, today)
    hours = narrowing.hours(scan)
    _ordering(scan, parts)
    narrowing.narrow(scan, parts, values, hours)
    _grouping(scan, parts)
    if parts.group == "reason" and parts.order:
        parts.why = False  # "what causes them? Rank the reasons": the reasons themselves
    measuring.name(scan, parts)
    _side_by_side(scan, parts)
    trends = parts.group in (*SERIES, "trend") and not parts.why  # "growing month by month"
    parts.compares = parts.compares or (scan.has(words.CHANGE) and not trends)
    while scan.take(words.CHANGE) or scan.take(rf"^(?:{words.FOLLOW})"):
        pass
    parts.left = _left(scan, parts)
    return parts


def _intent(scan: Scan, parts: Parts) -> None:
    """What the question does: it follows, asks why, or gives an order, which nobody here takes."""
    first = scan.text.removeprefix("please ").split(" ")[0]
    if first in ORDERS:
        parts.unmet, parts.orders = (first,), True
    if (match := scan.take(off_record.PHRASES)) is not None:
        parts.unmet, parts.orders = (*parts.unmet, match.group()), True
    follows = first in words.FOLLOW.split("|") or scan.has(rf"^(?:{words.FOLLOW})")
    parts.follows = scan.take(rf"^(?:{words.AGAIN})") is not None or follows
    while scan.take(words.WHY) is not None:
        parts.why = True  # "explain why" says it twice
    while scan.lift(IDLE):
        pass


def _left(scan: Scan, parts: Parts) -> tuple[str, ...]:
    """Words that were not understood; an ambiguous one is understood as a question back."""
    if parts.measure and MEASURES.get(parts.measure, MEASURES["people"]).unit in ("seconds", "ms"):
        scan.take(_SPEED)
    if not parts.measure and (found := scan.longest(_AMBIGUOUS)) is not None:
        parts.ambiguous = found[1]
    own = _own_words(parts.measure) | _own_words(parts.named)
    left = (
        *parts.unmet,
        *off_record.grouped(parts.text, parts.group),
        *(word for word in scan.rest(plain=_is_plain(parts))
          if stem(word) not in own or word in off_record.STRANGERS),
    )  # fmt: skip
    by_agent = parts.who and parts.order and parts.group == "agent"
    if by_agent and parts.measure in phrasebook.VOLUME:
        return ("who", *left)  # who writes most is a customer, and customers are not listed
    return left


def _is_plain(parts: Parts) -> bool:
    """Whether a plain count is asked for, of which a verb is the predicate."""
    return parts.measure in (*phrasebook.VOLUME, "escalations")


@lru_cache(maxsize=128)
def _own_words(measure: str) -> frozenset[str]:
    """Words of a figure's own name and formula: they add nothing to it and change nothing."""
    if measure not in MEASURES:
        return frozenset({stem("money")}) if measure == SAVINGS else frozenset()
    found = MEASURES[measure]
    text = normalise(f"{found.name} {found.formula}")
    own = frozenset(map(stem, split(text)))
    if measure not in (*phrasebook.VOLUME, "escalations"):
        own |= phrasebook.roots(measure)
    own -= frozenset(map(stem, split(f"{_MEANINGFUL} {NEGATION.replace('|', ' ')}")))
    if found.grain is Grain.ESCALATION or measure in _TO_PEOPLE:
        own |= {"person", "people", "agent"}  # each is handed to one: saying so narrows nothing
    return own


def _times(scan: Scan, parts: Parts, today: date) -> None:
    """The period, and the one that it is compared with, which stands after "against"."""
    if match := scan.take(_WITHIN_A_DAY):
        parts.unmet = (*parts.unmet, match.group())
    changes = scan.has(words.CHANGE) or scan.has(r"compare|differences?")
    if changes and (pair := times.two_months(scan.text, today)) is not None:
        parts.compare, parts.period, both = pair
        parts.compares = True
        scan.cut(*both)
    while (marker := scan.take(words.AGAINST)) is not None:
        parts.compares = parts.versus = True
        place = marker.start()
        behind = times.read(scan.text[place:], today)
        if behind is not None and _is_near(scan.text[place : place + behind[1][0]]):
            span, (start, end) = behind
            parts.compare = span
            side = times.this_and_last(scan.text[place + start :], today)
            if side is not None and times.read(scan.text[:place], today) is None:
                parts.implied = side[0]  # "compared with last month": this month is meant
            scan.cut(place + start, place + end)
    while (found := times.read(scan.text, today)) is not None:
        span, where = found
        if isinstance(span, Period) and parts.period is None:
            parts.period = span
        elif isinstance(span, Relative) and parts.period is None and parts.shift is None:
            parts.shift = span
        else:
            break
        scan.cut(*where)
    if parts.period is None and parts.shift is None and not parts.follows:
        parts.period = parts.implied


def _is_near(between: str) -> bool:
    """Whether nothing but filler stands between "against" and a span."""
    return all(word in FILLER or word in ("year", "month") for word in split(between))


def _side_by_side(scan: Scan, parts: Parts) -> None:
    """ "German versus English", "better in German or English" and "compare the teams" set groups
    beside one another."""
    if parts.compare is not None or parts.shift is not None:
        return
    apart = ("hour",) if parts.versus else ("hour", "weekday")
    several = [item.dimension for item in parts.filters if len(item.values) > 1
               and item.dimension not in apart]  # fmt: skip
    if parts.versus and parts.group:
        parts.compares = False
    elif several and not parts.group and (parts.versus or scan.has(words.COMPARATIVE)):
        parts.group, parts.compares = several[0], False
        while scan.take(words.COMPARATIVE):
            pass


def _ordering(scan: Scan, parts: Parts) -> None:
    if match := compiled(_NUMBERED).search(scan.text):
        name, number = next((key, text) for key, text in match.groupdict().items() if text)
        parts.limit, parts.order = int(NUMBERS.get(number, 0) or number), "desc"
        scan.cut(*match.span(name))
    parts.speed = scan.has(words.SPEED_ORDER)
    parts.who = scan.has(r"who(?:se)?")
    parts.how_many = compiled(r"how many|the number of").search(parts.text) is not None
    parts.busy = scan.has(words.BUSY)
    if scan.lift(words.MOST):
        parts.order = "desc"
        while parts.limit and scan.lift(words.MOST):
            pass  # "what do they ask most? The top three topics": said twice
    elif scan.lift(words.LEAST):
        parts.order = "asc"
    elif match := scan.take(rf"(?P<best>{words.BEST})|{words.WORST}"):
        parts.order = "asc" if match.group("best") else "desc"
        parts.ambiguous = "best" if match.group("best") else "worst"


def _grouping(scan: Scan, parts: Parts) -> None:
    for adverb, dimension in words.ADVERBS.items():
        if scan.take(adverb):
            parts.group = dimension
    own = phrasebook.roots(parts.measure)
    # "Articles quoted": a word of the figure, no grouping.
    bare = {key: names for key, names in words.DIMENSIONS.items()
            if key not in ("article", "agent") or stem(key) not in own}  # fmt: skip
    _group_by(scan, parts, rf"(?:{words.GROUP_BEFORE}) ", words.DIMENSIONS)
    _group_by(scan, parts, r"(?<!\ban )(?<!\ba )", bare)
    ranked = bool(parts.order)
    if not parts.group and ranked and parts.who:
        parts.group = "agent"
    elif not parts.group and ranked and scan.has(r"where"):
        parts.group = "topic"
    if (
        scan.has(r"rank(?:ed|ing)?|sort(?:ed)? (?:them |it |these |this )?(?:by|from)|^sort")
        and parts.group
        and not parts.order
    ):
        parts.order = "desc"
    if scan.take(words.TREND) and not parts.group:
        parts.group = "trend"


def _group_by(scan: Scan, parts: Parts, leading: str, dimensions: dict[str, str]) -> None:
    for dimension, names in dimensions.items():
        if not parts.group and scan.take(f"{leading}(?:{names})"):
            parts.group = dimension
