"""Turns of phrase that say the same in other words, in the one way that the rules read. Pure."""

import re

_DAYS = r"(?P<day>monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_PART = r"(?P<part>mornings|afternoons|evenings|nights)"
_NO = r"(?:with|having|have|has|found|where there is|for which there is|there was|there is) no"
_SAME_DAYS = r"(?:the )?same (?:days|period|time|span|point|stretch)"
_UNITS = r"(?:days|hours|minutes|seconds)"
_US = r"(?:us|them|people|agents|a person)"
_ORDER = r"(?P<order>worst|best|highest|lowest|largest|smallest|longest|shortest|slowest|fastest)"
_FIRST = r"(?:first|start|beginning|opening)"
_LAST = r"(?:last|end|finish|resolution|solution)"
_WHO = r"(?P<who>customers|people|users|they)"
_SOURCES: tuple[tuple[str, str], ...] = (
    # "On Monday mornings" is every Monday; "Monday morning" is the last one.
    (rf"(?:on )?{_DAYS} {_PART}", r"\g<day>s in the \g<part>"),
    (rf"(?:on an?|on any|every|each) {_DAYS}", r"\g<day>s"),
    (rf"(?:how many|the number of) {_UNITS}(?= (?:until|before|pass|does|do|did|is|are|it|to) )",
     "how long"),
    (rf"{_UNITS}(?= (?:until|before) )", "time"),
    (rf"{_ORDER} first", r"\g<order>"),
    (rf"how long (?:does|did|do) it take (?:{_US} )?to (?:resolve|solve|close|settle|fix)",
     "resolution time"),
    (r"ends? up (?P<verb>\w+ing)", r"\g<verb>"),
    (r"(?:show|shows|showed|showing|turn|turns|turned) up", "appear"),
    (r"(?P<verb>split|slice|divide|separate) (?:it|them|that|this)(?: up)? by", r"\g<verb> by"),
    (r"this (?P<part>morning|afternoon|evening)", r"today in the \g<part>"),
    (r"(?:how many hours|how much time) (?:did|do|does|have|has)", "how much did"),
    (r"how many hours of agents' time", "how much agents' time"),
    # "Why do customers ..." without a change asks for the reasons themselves.
    (r"why (?:do|did|are|were) (?:\w+ ){0,2}(?:get |being |be )?handed over(?! (?:more|less))",
     "reasons escalations"),
    (rf"{_NO} (?:fitting |matching |suitable |good )?articles?", "without an article"),
    (r"(?:our|the) (?P<who>agents|people)", r"\g<who>"),
    (rf"{_SAME_DAYS} (?:of |in )?(?:the )?(?:last|previous) (?:week|month)", "the previous period"),
    (r"how long (?:are|is|were|was) (?:our |the |a )?conversations?", "conversation length"),
    (r"at least (?:one|an?)(?= )", "an"),
    (rf"from (?:the |its )?{_FIRST}(?: message)? (?:to|until) (?:the |its )?{_LAST}(?: message)?",
     "until solved"),
    (r"unhappiest", "lowest satisfaction"),
    (r"happiest", "highest satisfaction"),
    (r"half[ -]a[ -]year|half[ -]year", "6 months"),
    (r"(?P<unit>month|week|day|hour) (?:by|after) (?P=unit)", r"by \g<unit>"),
    # "Customers write in German" says no more than "customers in German".
    (rf"{_WHO} (?:write|wrote|have written)(?: (?:in )?to us| us| in)?(?! again| a second| twice)",
     r"\g<who> in"),
)  # fmt: skip
_PATTERNS = tuple(
    (re.compile(rf"(?<![\w-])(?:{source})(?![\w-])"), target) for source, target in _SOURCES
)


_WHAT = re.compile(r"(?<![\w-])(automation|resolution)(?: rate)?(?![\w-])(?! at most)")
#: The upper bound counts the silent ones as served: saying so names it.
_UPPER = re.compile(
    r"(?:if|counting|including|assuming|when)(?: \w+){0,4} silent(?: ones?| customers?)?"
    r"(?: (?:too|(?:was|were|are|is|as|count|counted)(?: \w+){0,2}))?"
)
_AT_MOST = re.compile(r" at (?:the )?(?:most|best)\b")
_COULD = re.compile(
    r"(?:the )?(?:highest|maximum|best|greatest) (?:possible |(?=.*\b(?:could|can|might)\b))"
)
#: Said of a figure without an upper bound, or too far from it: not the order "best first".
_AT_BEST = re.compile(r"^at (?:the )?(?:very )?best\b")
_LOWER = re.compile(r"(?:the )?(?:lower bound|lower limit|minimum) (?:of |for )(?:the |our )?")


def _upper_bound(text: str) -> str:
    """The question with the upper bound named where it is told by what it counts."""
    bare, silent = _UPPER.subn("", text)
    bare, could = _COULD.subn("", bare)
    if _WHAT.search(bare):
        bare, lower = _LOWER.subn("", bare)  # the figure itself is the lower bound
        text = bare if lower else text
    if not (silent or could) or not _WHAT.search(_AT_MOST.sub("", bare)):
        return text
    return _WHAT.sub(r"\1 at most", _AT_MOST.sub("", bare), count=1)


def rewrite(text: str) -> str:
    """The question with such phrases replaced. Nothing that narrows a figure is dropped."""
    text = _upper_bound(text)
    for pattern, target in _PATTERNS:
        text = pattern.sub(target, text)
    return _AT_BEST.sub("at-best", text)
