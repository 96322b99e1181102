"""Which figure a question is about. Pure."""

import re

from insights.ask import phrasebook, words
from insights.ask.parts import Parts
from insights.ask.rewriting import BEST_CASE
from insights.ask.scan import GAP, Scan, compiled
from insights.measures import MEASURES, Grain

BOUND = "best case"
_COUNTS = words.AMOUNTS[:6]
_TOTAL = r"total|sum|summed|sum of|combined|altogether"
#: A figure over another count: "tokens per conversation" is not the number of tokens.
_PER = (
    r"(?:per|for each|for every|each|every) "
    r"(?:conversations?|customers?|questions?|repl(?:y|ies)|answers?|persons?|users?|messages?|"
    r"cases?|hand-overs?|escalations?|minutes?|seconds?|turns?)"
)
_PARTS_OF_ALL = ("share", "percentage", "percent", "proportion", "fraction", "what part", "ratio")
_OF_ANSWERED = (
    r"(?:of|among|in|from|out of) (?:all )?(?:the |those )?(?:conversations|contacts|ones) "
    r"(?:that |which |where |in which )?"
    r"(?:the )?assistant (?:did |could |actually |really )?(?:was involved(?: in)?|answered|took "
    r"part in|had a part in|replied to|"
    r"gave an? answer|gave answers|had an answer|answer(?! from)|reply to)"
)
#: What "the top five topics" are ranked by where nothing is said.
_RANKED = {
    "article": "article_uses", "topic": "conversations", "language": "conversations",
    "channel": "conversations", "hour": "conversations", "weekday": "conversations",
    "day": "conversations", "week": "conversations", "month": "conversations",
    "theme": "questions",
}  # fmt: skip
_ALONE = r"without a person|alone|automatically|fully|completely|entirely"
_RETURNED = r"(?:response|return|participation) rate|responses|surveys (?:sent|returned)"
_WHOLE = r"completely|fully|entirely|written"
_FROM_ARTICLES = r"(?:from|out of|in) (?:the |our )?articles?"
_SETTLED = r"(?:settled|finished|ended|concluded|closed|over)(?= (?:conversations?|contacts))"
_SOLVED = r"solved?|resolved?|fixed|sorted|helped"
#: What a figure means anyway: saying it narrows nothing.
_BY_DEFINITION = {
    "cost_per_conversation": r"in labou?r|labou?r|in (?:people|staff)",
    "resolution": _SOLVED, "resolution_upper": _SOLVED,
    "involvement": _FROM_ARTICLES, "answer_rate": _FROM_ARTICLES,
    "rejected_share": r"thumbs down|(?:or )?(?:an? )?no(?: or)?",
    "reply_time": _WHOLE, "reply_p95": _WHOLE,
    "agent_time": r"agents?", "knowledge_gaps": r"(?:had to )?pass(?:ed)?(?: on)?",
    "automation": _ALONE, "automation_upper": _ALONE, "containment": _ALONE,
    "recontact_rate": r"within (?:a|one|the) week|within (?:7|seven) days|"
    r"(?:about|on|with|for) the same \w+",
}  # fmt: skip
_OF_A_TIER = ("gpu_share", "cpu_share", "cache_hit_rate")
_BECAUSE = r"because|due to"
_HOW_MANY_THINGS = compiled(
    r"how many (?:of (?:the |our |those )?)?(?:customers|people|users|conversations|chats|tickets|"
    r"questions)"
)
_GAPS = ("knowledge_gaps", "gap_rate")
#: Times that somebody waits for: saying so adds nothing.
_WAITED = ("first_token_time", "first_token_p95", "reply_time", "reply_p95", "queue_time",
           "first_response_time", "first_response_p95", "resolution_time")  # fmt: skip
_OF_HAND_OVERS = ("unserved_share", "human_resolved_share", "first_response_time", "csat")
_ORDER = compiled(words.SPEED_ORDER)
#: "Who handled the most" asks how many, not how long.
_HOW_MANY = r"how many|number of|count of|amount of"
_REVIEWED, _JUDGED = r"reviewed|reviews?|reviewers?|reviewing", r"wrong|unsafe|right|bad|mistakes?"


def name_first(scan: Scan, parts: Parts) -> None:
    """Figures whose names hold other words: "wrong answers", "cost per conversation"."""
    if scan.take(words.P95) is not None:
        parts.p95 = True
    parts.of_answered = scan.take(_OF_ANSWERED) is not None
    parts.of_conversations = parts.of_answered or (
        scan.has(r"conversations?") and not scan.has(r"questions?|turns?")
    )
    if parts.given:
        found = scan.best(phrasebook.of(parts.measure))
    elif parts.p95 and scan.has(r"hand-overs?|escalations?"):
        found = scan.longest(phrasebook.HAND_OVERS)  # within which time they were taken over
    else:
        found = _named(scan)
    if not parts.given:
        found = found or scan.longest(phrasebook.LONG_COUNTS_SOME)
    if found is not None:
        _take(parts, found)
        for match in _ORDER.finditer(found[0]):  # "longest to solve" is an order, too
            scan.text += GAP + match.group()


def _named(scan: Scan) -> tuple[str, str] | None:
    """The phrase of two or more words that names the figure."""
    if scan.has("wrong") and scan.has(r"reviewed|reviewers?|answers?|repl(?:y|ies)"):
        scan.best(phrasebook.of("wrong_rate"))
        return "wrong", "wrong_rate"
    if scan.has(_REVIEWED) and scan.has(_HOW_MANY) and not scan.has(_JUDGED):
        reviews = phrasebook.of("reviews")
        found = scan.gapped(reviews) or scan.longest(reviews)
        if found is not None:
            return found
    before = scan.text
    found = scan.best(phrasebook.LONG_OTHERS)
    if found is not None and found[1] in _OF_A_TIER:
        after, scan.text = scan.text, before
        if (other := scan.longest(phrasebook.BY_TIER)) is not None:
            return other  # "thumbs up for answers that come from the cpu model": a filter
        scan.text = after
    if found is not None and found[1] == "answer_rate":
        after, scan.text = scan.text, before
        if (other := scan.best(phrasebook.LONG_BUT_ANSWERS)) is not None:
            return other  # "stopped in the middle of the assistant's answer"
        scan.text = after
    if found is None or found[1] not in _GAPS:
        return found
    if scan.longest(phrasebook.HAND_OVERS) and not scan.has(r"questions?|turns?"):
        scan.text = before  # "handed over because no article was found": a reason
        return None
    return found


def name(scan: Scan, parts: Parts) -> None:
    """The figure, its twin for shares or for the unlucky ones, and only one of them."""
    if parts.given:
        _all_of(scan, parts)
        _by_reason(parts)
        return
    counts = scan.has(_HOW_MANY) or (parts.order and not parts.speed and not parts.ambiguous)
    if parts.measure:
        _neutral(scan, parts)
    else:
        for phrases in (phrasebook.OTHERS, phrasebook.COUNTS_SOME, phrasebook.COUNTS_ALL):
            if not parts.measure:
                _take(parts, scan.gapped(phrases) or scan.longest(phrases))
    if not parts.measure and (parts.busy or _how_many_mails(parts)):
        parts.measure = "conversations"
    _base(parts)
    if counts and parts.measure in ("wait_time", "handle_time") and _is_verb(parts.spoken):
        parts.measure = "escalations"  # how many were picked up, not how soon
    if parts.p95:
        parts.measure = words.P95_TWIN.get(parts.measure, "")
    _best_case(scan, parts)
    if not parts.measure and (parts.order or parts.limit):
        parts.measure = _RANKED.get(parts.group, "")
        parts.ranked = bool(parts.measure)
    while parts.measure in _BY_DEFINITION and scan.take(_BY_DEFINITION[parts.measure]):
        pass
    _share(scan, parts)
    _unmet(scan, parts)
    _by_reason(parts)


def _how_many_mails(parts: Parts) -> bool:
    """ "How many e-mails about returns" counts conversations by mail."""
    by_channel = any(item.dimension == "channel" for item in parts.filters)
    return parts.how_many and by_channel and compiled(r"e-?mails").search(parts.text) is not None


def _by_reason(parts: Parts) -> None:
    """Only hand-overs have reasons, and a gap is that no article was found."""
    reasons = [item.values for item in parts.filters if item.dimension == "reason"]
    if parts.measure in _GAPS and reasons == [("no_article",)]:
        parts.filters = tuple(item for item in parts.filters if item.dimension != "reason")
    if parts.measure == "conversations" and reasons and compiled(_BECAUSE).search(parts.text):
        parts.measure = "escalations"


def _all_of(scan: Scan, parts: Parts) -> None:
    """Take out what says no more than the given figure does."""
    if parts.p95 and parts.measure not in words.P95_TWIN.values():
        parts.unmet = (*parts.unmet, "p95")
    scan.take(BEST_CASE)
    amount = parts.measure in words.AMOUNTS
    share = compiled(words.SHARE).search(scan.text) if amount else scan.take(words.SHARE)
    _no_share(parts, share)
    _neutral(scan, parts)
    while parts.measure in _BY_DEFINITION and scan.take(_BY_DEFINITION[parts.measure]):
        pass
    _unmet(scan, parts)


def _best_case(scan: Scan, parts: Parts) -> None:
    """The upper bound of the two figures that have one."""
    if scan.take(BEST_CASE) is None:
        return
    if not parts.measure and parts.follows:
        parts.at_best = True
    elif parts.measure not in words.AT_BEST:
        parts.unmet = (*parts.unmet, BOUND)
    parts.measure = words.AT_BEST.get(parts.measure, parts.measure)


def _base(parts: Parts) -> None:
    """A share of conversations and one of questions are two figures with one verb."""
    if parts.of_conversations and not compiled(r"rate|share").search(parts.spoken):
        parts.measure = words.CONVERSATION_TWIN.get(parts.measure, parts.measure)
    if parts.of_answered:
        parts.measure = words.OF_ANSWERED.get(parts.measure or "resolution", "")


def _unmet(scan: Scan, parts: Parts) -> None:
    """What would make another figure of the one that is named."""
    kind = MEASURES[parts.measure].kind if parts.measure in MEASURES else ""
    if parts.measure == "csat" and (match := compiled(_RETURNED).search(parts.text)):
        parts.unmet = (*parts.unmet, match.group())
    if kind in ("percentile", "mean", "ratio") and (match := scan.take(_TOTAL)):
        parts.unmet = (*parts.unmet, match.group())
    if kind not in ("percentile", "mean") and (match := scan.take(_PER)):
        parts.unmet = (*parts.unmet, *match.group().split(" "))


def _take(parts: Parts, found: tuple[str, str] | None) -> None:
    if found is not None:
        parts.spoken, parts.measure = found[0], parts.measure if parts.given else found[1]
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
    _no_share(parts, share)


def _no_share(parts: Parts, share: re.Match[str] | None) -> None:
    """A time, a score, money and a count are no shares; the first three are no numbers of
    customers either."""
    found = MEASURES.get(parts.measure)
    unit = found.unit if found is not None else ""
    if unit not in ("seconds", "ms", "score", "money") and parts.measure not in words.AMOUNTS:
        return
    if share is not None and share.group() in _PARTS_OF_ALL:
        parts.unmet = (*parts.unmet, share.group())
    elif unit and unit != "count" and (match := _HOW_MANY_THINGS.search(parts.text)):
        parts.unmet = (*parts.unmet, match.group())


def _neutral(scan: Scan, parts: Parts) -> None:
    """Words for what is counted add nothing beside another figure: "share of conversations"."""
    if parts.measure in _OF_HAND_OVERS or (
        parts.measure in MEASURES and MEASURES[parts.measure].grain is Grain.ESCALATION
    ):
        scan.longest(phrasebook.HAND_OVERS)
    if parts.measure == "wrong_rate":
        scan.longest(phrasebook.of("reviews"))  # it is a share of what was reviewed
    if parts.measure in MEASURES and "settled" in str(MEASURES[parts.measure].formula):
        scan.take(_SETTLED)
    scan.longest(phrasebook.of("conversations"))
    scan.longest(phrasebook.of("people"))
    about = any(item.dimension == "topic" for item in parts.filters)
    if about and parts.measure in MEASURES and MEASURES[parts.measure].grain is Grain.CONVERSATION:
        scan.take(r"questions?")  # "resolution for account questions": what they are about
    if parts.measure in MEASURES and MEASURES[parts.measure].grain is Grain.TURN:
        scan.longest(phrasebook.of("questions"))
    while scan.longest(phrasebook.of(parts.measure)):
        pass
    if parts.measure == "article_uses":
        scan.take(r"articles?")
    if parts.measure in _WAITED:
        scan.take(r"waits?|waited|waiting")


def _tier_share(parts: Parts) -> None:
    """ "What share came from the gpu" asks for the rung's share, not for a filter."""
    tiers = [item for item in parts.filters if item.dimension == "tier"]
    if len(tiers) == 1 and len(tiers[0].values) == 1 and parts.measure in ("", "questions"):
        parts.measure = f"{tiers[0].values[0]}_share"
        parts.filters = tuple(item for item in parts.filters if item.dimension != "tier")
