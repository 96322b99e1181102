"""Which figure a question is about. Pure."""

from insights.ask import phrasebook, words
from insights.ask.parts import Parts
from insights.ask.scan import GAP, Scan, compiled
from insights.measures import MEASURES, Grain

_COUNTS = ("conversations", "people", "questions", "reviews", "article_uses", "tokens")
_TOTAL = r"total|sum|summed|sum of|combined|altogether"
#: A figure over another count: "tokens per conversation" is not the number of tokens.
_PER = (
    r"(?:per|for each|for every|each|every) "
    r"(?:conversations?|customers?|questions?|repl(?:y|ies)|answers?|persons?|users?|messages?|"
    r"cases?|hand-overs?|escalations?|minutes?|seconds?|turns?)"
)
_PARTS_OF_ALL = ("share", "percentage", "percent", "proportion", "fraction", "what part", "ratio")
_OF_ANSWERED = (
    r"(?:of|among|in|from|out of) (?:all )?(?:the |those )?conversations "
    r"(?:that |which |where |in which )?"
    r"(?:the )?assistant (?:was involved(?: in)?|answered|took part in|had a part in|replied to)"
)
#: What "the top five topics" are ranked by where nothing is said.
_RANKED = {
    "article": "article_uses", "topic": "conversations", "language": "conversations",
    "channel": "conversations", "hour": "conversations", "weekday": "conversations",
    "day": "conversations", "week": "conversations", "month": "conversations",
    "theme": "questions",
}  # fmt: skip
_ALONE = r"without a person|alone|automatically|fully|completely|entirely"
#: What a figure means anyway: saying it narrows nothing.
_BY_DEFINITION = {
    "automation": _ALONE, "automation_upper": _ALONE, "containment": _ALONE,
    "recontact_rate": r"within (?:a|one|the) week|within (?:7|seven) days|"
    r"(?:about|on|with|for) the same \w+",
}  # fmt: skip
_GAPS = ("knowledge_gaps", "gap_rate")
_OF_HAND_OVERS = ("unserved_share", "human_resolved_share", "first_response_time", "csat")
_ORDER = compiled(words.SPEED_ORDER)
#: "Who handled the most" asks how many, not how long.
_HOW_MANY = r"how many|number of"


def name_first(scan: Scan, parts: Parts) -> None:
    """Figures whose names hold other words: "wrong answers", "cost per conversation"."""
    if scan.take(words.P95) is not None:
        parts.p95 = True
    parts.of_answered = scan.take(_OF_ANSWERED) is not None
    parts.of_conversations = parts.of_answered or (
        scan.has(r"conversations?") and not scan.has(r"questions?|turns?")
    )
    before = scan.text
    found = scan.best(phrasebook.LONG_OTHERS)
    if found is not None and found[1] in _GAPS and scan.longest(phrasebook.HAND_OVERS):
        scan.text, found = before, None  # "handed over because no article was found": a reason
    found = found or scan.longest(phrasebook.LONG_COUNTS_SOME)
    if found is not None:
        _take(parts, found)
        for match in _ORDER.finditer(found[0]):  # "longest to solve" is an order, too
            scan.text += GAP + match.group()


def name(scan: Scan, parts: Parts) -> None:
    """The figure, its twin for shares or for the unlucky ones, and only one of them."""
    counts = scan.has(_HOW_MANY) or (parts.order and not parts.speed and not parts.ambiguous)
    if parts.measure:
        _neutral(scan, parts)
    else:
        for phrases in (phrasebook.OTHERS, phrasebook.COUNTS_SOME, phrasebook.COUNTS_ALL):
            if not parts.measure:
                _take(parts, scan.gapped(phrases) or scan.longest(phrases))
    _base(parts)
    if counts and parts.measure in ("wait_time", "handle_time") and _is_verb(parts.spoken):
        parts.measure = "escalations"  # how many were picked up, not how soon
    if parts.p95:
        parts.measure = words.P95_TWIN.get(parts.measure, "")
    if not parts.measure and (parts.order or parts.limit):
        parts.measure = _RANKED.get(parts.group, "")
        parts.ranked = bool(parts.measure)
    while parts.measure in _BY_DEFINITION and scan.take(_BY_DEFINITION[parts.measure]):
        pass
    _share(scan, parts)
    _unmet(scan, parts)


def _base(parts: Parts) -> None:
    """A share of conversations and one of questions are two figures with one verb."""
    if parts.of_conversations and not compiled(r"rate|share").search(parts.spoken):
        parts.measure = words.CONVERSATION_TWIN.get(parts.measure, parts.measure)
    if parts.of_answered:
        parts.measure = words.OF_ANSWERED.get(parts.measure, "")


def _unmet(scan: Scan, parts: Parts) -> None:
    """What would make another figure of the one that is named."""
    kind = MEASURES[parts.measure].kind if parts.measure in MEASURES else ""
    if kind in ("percentile", "mean", "ratio") and (match := scan.take(_TOTAL)):
        parts.unmet = (*parts.unmet, match.group())
    if kind not in ("percentile", "mean") and (match := scan.take(_PER)):
        parts.unmet = (*parts.unmet, *match.group().split(" "))


def _take(parts: Parts, found: tuple[str, str] | None) -> None:
    if found is not None:
        parts.spoken, parts.measure = found
        parts.named = parts.measure
        parts.opposite = parts.spoken in phrasebook.OPPOSITE


def _is_verb(phrase: str) -> bool:
    """Whether a phrase says what people do, not how long it takes."""
    return not compiled(r"time|times|period|duration|wait|waits|aht|speed|minutes").search(phrase)


def _share(scan: Scan, parts: Parts) -> None:
    """A share of what is counted is another figure: its twin, or none."""
    share = scan.take(words.SHARE)
    if share is not None:
        _tier_share(parts)
        by_reason = any(item.dimension == "reason" for item in parts.filters)
        if not by_reason and parts.group != "reason":  # a share by reason is not recorded
            parts.measure = words.SHARE_TWIN.get(parts.measure, parts.measure)
    _neutral(scan, parts)
    if share is not None and share.group() in _PARTS_OF_ALL and parts.measure in _COUNTS:
        parts.unmet = (*parts.unmet, share.group())


def _neutral(scan: Scan, parts: Parts) -> None:
    """Words for what is counted add nothing beside another figure: "share of conversations"."""
    if parts.measure in _OF_HAND_OVERS or (
        parts.measure in MEASURES and MEASURES[parts.measure].grain is Grain.ESCALATION
    ):
        scan.longest(phrasebook.HAND_OVERS)
    if parts.measure == "wrong_rate":
        scan.longest(phrasebook.of("reviews"))  # it is a share of what was reviewed
    scan.longest(phrasebook.of("conversations"))
    scan.longest(phrasebook.of("people"))
    if parts.measure in MEASURES and MEASURES[parts.measure].grain is Grain.TURN:
        scan.longest(phrasebook.of("questions"))
    scan.longest(phrasebook.of(parts.measure))


def _tier_share(parts: Parts) -> None:
    """ "What share came from the gpu" asks for the rung's share, not for a filter."""
    tiers = [item for item in parts.filters if item.dimension == "tier"]
    if len(tiers) == 1 and len(tiers[0].values) == 1 and parts.measure in ("", "questions"):
        parts.measure = f"{tiers[0].values[0]}_share"
        parts.filters = tuple(item for item in parts.filters if item.dimension != "tier")
