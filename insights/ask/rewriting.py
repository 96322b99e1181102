"""Turns of phrase that say the same in other words, in the one way that the rules read. Pure."""

import re

from insights.ask.scan import compiled

_DAYS = r"(?P<day>monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_PART = r"(?P<part>mornings|afternoons|evenings|nights)"
_NO = (
    r"(?:with|having|have|has|found|we've got|we have got|we've|have got|got|had|where there is|"
    r"for which there is|there was|there is|contain(?:s|ed)?|offer(?:s|ed)?) no"
)
_CLAIMED = (
    r"(?:picked|picks|pick) (?:it |them |one )?up|claim(?:ed|s)?|accept(?:ed|s)?|(?:took|taken) on"
)
_ANSWERED = (
    r"(?:that |which |where )?(?:the )?assistant "
    r"(?:answered|replied to|was involved|gave an? answer|gave answers|had an answer)"
)
_SAME_DAYS = r"(?:the )?same (?:days|period|time|span|point|stretch)"
_UNITS = r"(?:days|hours|minutes|seconds|milliseconds|ms)"
_US = r"(?:us|them|people|agents|a person)"
_ORDER = (
    r"(?P<order>worst|best|biggest|greatest|highest|lowest|largest|smallest|longest|"
    r"shortest|slowest|fastest)"
)
_FIRST = r"(?:first|start|beginning|opening|hello)"
_LAST = r"(?:last|end|finish|resolution|solution)"
_WHO = r"(?P<who>customers|people|users|they)"
_SOURCES: tuple[tuple[str, str], ...] = (
    # "On Monday mornings" is every Monday; "Monday morning" is the last one.
    (rf"(?:on )?{_DAYS} {_PART}", r"\g<day>s in the \g<part>"),
    (rf"(?:on an?|on any|every|each) {_DAYS}", r"\g<day>s"),
    (rf"(?:how many|the number of) {_UNITS}(?= (?:until|before|pass|does|do|did|is|are|it|to) )",
     "how long"),
    (r"how many (?:ms|milliseconds)", "how long"),
    (r"how many percent(?= of)", "what share"),
    (rf"{_UNITS}(?= (?:until|before) )", "time"),
    (rf"{_ORDER} first", r"\g<order>"),
    (rf"{_ORDER}(?P<what>(?: [\w-]+){{1,6}}) first(?= in| over| during| last| this|$)",
     r"\g<order>\g<what>"),
    ((rf"(?:once|after|when|from when|from the moment)(?P<who>(?: \w+){{1,2}}?) "
     rf"(?:has |have |had )?(?:{_CLAIMED})"), r"handling time\g<who>"),
    ((rf"(?:of|among|out of|from) (?:all |the |those |our )*(?P<what>(?:[\w-]+ ){{0,3}})"
     rf"conversations (?P<about>(?:(?:in|on|about|from|by|for|via) "
     rf"(?:(?!(?:in|on|about|from|by|for|via) )[\w-]+ ){{1,3}}){{0,3}})"
     rf"(?P<rest>{_ANSWERED})"), r"\g<what>\g<about>of the conversations \g<rest>"),
    ((r"(?:asks?|asked|asking|checks?|checked|checking) (?:with )?(?:the |a |our )?"
     r"(?:customers?|people|users?|them|a person)(?: back)? (?:what|which)(?: \w+)? (?:they|"
     r"it|he|she) (?:really )?(?:meant|means?|wants?|wanted)|"
     r"(?:asks?|asked|asking) (?:the |a |our )?(?:customers?|people|users?|them|a person) to "
     r"(?:clarify|choose|specify|be (?:more )?(?:precise|specific|clearer))|"
     r"(?:comes?|came) back with which (?:one |of them )?do you mean"), "asks back"),
    ((r"(?:(?:from|after) )?(?:taking over|picking up) until (?:it is |they are )?(?:solved|"
      r"resolved|closed|done)"),
     "handling time"),
    (r"before (?:they|he|she|customers?|people|anyone|a person)(?= (?:hear|get|got|receive|see))",
     "until"),
    ((r"(?:when )?(?:a person|people|customers?|those|anyone) (?:who |that )?e-?mail(?:s|ed)? "
      r"(?:in|us)"),
     "customers by mail"),
    (r"instead of (?:answering|an answer|replying|a reply|giving an answer)", ""),
    ((rf"(?<!last )(?<!this ){_DAYS}(?= (?:emails?|e-mails?|conversations?|contacts|questions|"
      rf"messages|mornings?)\b)"),
     r"\g<day>s"),
    ((r"never (?:had to |got |get |needed to |have to |has to )?(?:be |been )?"
     r"(?:going|goes|go|went|gone|passed|handed|sent|transferred|forwarded|referred|kicked|reached|"
     r"handed over|needed|saw|see|involved?|touch(?:ed)?|bother(?:ed)?|met|near|got near)(?: "
     r"(?:over|on|up))?(?: (?:to )?(?:a person|people))|"
    r"never (?:got |get |came |come |went |go )?(?:anywhere )?(?:near|close to) (?:a person|"
    r"people)|"
     r"(?:was|were|got|get) never (?:handed over|passed on)|never (?:got |get )?handed over|"
     r"(?:didn't|did not|don't) (?:have|need) to go to (?:a person|people)"), "containment rate"),
    ((r"(?:kick|bump|punt|bounce|shove|push|toss|route|redirect|refer|throw)(?:e?d|s|es|red)?"
     r"(?: (?:over|up|on|out|along|back|off))? to (?:a person|people)"), "handed over to a person"),
    (r"(?P<o>cheapest|dearest|most expensive|costliest|priciest) per conversation",
     r"\g<o> cost per conversation"),
    (r"hand(?:ing|ed|s)? conversations (?:over |on |off )?to (?:a person|people|agents?|an agent)",
     "handed over to a person"),
    ((r"(?:last|final|parting) (?:word|shot) (?:of (?:the )?customers? )?(?:(?:was|is|being) )?"
     r"(?:basically )?(?:an? )?(?:flat )?"
     r"(?:thumbs?[- ]down|nope|no)(?: or (?:an? )?(?:thumbs?[- ]down|no))?"
     r"(?:(?: that)? (?:didn't|did not) help)?"), "said no"),
    ((r"(?:and |but )?(?:then )?(?:nobody|no one|no-one) (?:ever |then )?(?:fixed|solved|resolved|"
     r"sorted|dealt with|closed|handled)(?: (?:it|them|out))*"), "never resolved"),
    ((r"(?:and |but )?(?:then )?never (?:fixed|solved|resolved|sorted|dealt with|closed|handled)"
     r"(?: out)? by (?:anybody|anyone)"), "never resolved"),
    ((r"(?:total |number of |how many )?hours(?: in total| altogether| all told)?"
     r"(?= (?:did |do |have |has )?(?:[\w']+ ){1,5}(?:spent|spend|worked|work|logged|log|"
     r"put)\b)"), "time"),
    (r"(?P<most>most (?:frequent|common|often)) first", r"\g<most>"),
    (r"(?:had|have|got|has) (?:a person|people) (?:review|check|audit)(?:ed)?", "reviewed"),
    ((r"(?:don't|do not|didn't|did not|does not|doesn't) have (?:an?|any) articles?|"
     r"lack(?:s|ed)? an? article"), "without an article"),
    ((r"from (?:the |their )?first message (?:(?:of|from|by) (?:the |a )?customers? )?(?:until|"
      r"to) (?P<what>(?:[\w-]+ ){0,4}?)(?:(?:is|was|are|"
      r"gets) )?"
     r"(?:all )?(?:solved|resolved|closed|sorted|settled|fixed|over and done with|over|"
     r"done)"), r"until solved \g<what>"),
    ((r"(?:until|before) (?:(?:a|the|any|some) )?workers? \w+(?: (?:it|them|up|"
      r"on))*"), "in the queue"),
    (r"rather than (?:to )?answer(?:ing)?(?: (?:it|them))?", ""),
    (r"error rate (?:in|of|for|among|on) (?:the |our )?(?:reviewed )?(?:answers|reviews)",
     "wrong answer rate"),
    (r"(?P<who>for (?:the )?\w+(?: team)?) alone", r"only \g<who>"),
    ((r"(?:and |with(?:out)? |but )?(?:not|never) (?:saying|said|say|says) (?:a|another|one "
      r"more|any)"
     r"(?: more)? word|without (?:saying )?(?:a|another|any) (?:further |more )?word"),
     "without a word"),
    (r"from start to (?:finish|end)|start to (?:finish|end)|from beginning to end|end[- ]to[- ]end",
     "from the start to the end"),
    (r"(?P<who>reviewers?|reviews) (?:find|found|say|said|judged?|mark|marked|rated?|called?)",
     r"\g<who> judged"),
    (r"(?P<verb>answers?) (?:from|out of) (?:the |our )?(?:articles?|help centre)", r"\g<verb>"),
    ((r"(?:passed|handed|sent|given|transferred|routed|forwarded|escalated) (?:over |on )?"
     r"to (?:the )?(?P<team>\w+) team"), r"handed over \g<team> team"),
    # "Order tickets" as what they are about; "order tickets by day" sorts them.
    ((r"(?<=\w )(?<!you )(?<!to )order(?= (?:conversations?|questions?|contacts|requests|"
      r"hand-overs|escalations)\b(?! by (?:the )?(?:agent|team|topic|channel|language|day|week|"
      r"month|hour|reason|weekday)s?\b))"), "orders"),
    (r"without (?:telling|saying|letting)(?: us)?(?: know)? (?:if|whether) it (?:helped|worked)",
     "without a word"),
    ((r"end(?:s|ed|ing)? (?:with|on|in) (?:an? |the )?(?:customers? )?"
     r"(?:thumbs?[- ]down|no)(?: or (?:an? )?(?:thumbs?[- ]down|no))?"), "said no"),
    (r"turn(?:s|ed)? out(?: to be)?", "was"),
    ((r"(?:when|after|once) (?:the )?assistant (?:has |had )?ask(?:s|ed) "
      r"back(?P<what>.{0,40}?) how often (?:does|did|do|can) "
     r"(?:it|the assistant)(?: then| really| actually)?"
     r"(?: (?:manage|get|find|give|provide|reach|come up with))?(?: to)?(?: an?)? "
     r"(?:answer|help|solve|succeed|work)"), r"clarification success\g<what>"),
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
    ((rf"from (?:the |its |their )?{_FIRST}(?: (?:message|hello|word|contact))? (?:to|until) "
     rf"(?:the |its )?"
     rf"(?:(?:problem |issue )?(?:solved|sorted|fixed)|{_LAST}(?: (?:message|word))?)"),
     "until solved"),
    (r"unhappiest", "lowest satisfaction"),
    (r"happiest", "highest satisfaction"),
    (r"half[ -]a[ -]year|half[ -]year", "6 months"),
    ((r"(?P<unit>month|week|day|hour|team|agent|topic|channel|language|article) (?:by|after) "
     r"(?P=unit)"), r"by \g<unit>"),
    (r"(?:comes?|came|coming) back with a question(?: of its own)?", "asks back"),
    (r"(?P<verb>answered) (?:from|out of) (?:the |our )?articles?", r"\g<verb>"),
    ((r"(?:a person|someone|anyone|somebody|people|customers?) (?:who|that) (?:writes?|"
      r"wrote)(?: in)?"
     r"(?: to us)?"), "customers"),
    ((r"questions (?P<what>(?:[\w-]+ ){0,4})(?:(?:had|have|has) to be |were |was )?"
     r"(?:passed on|handed over) (?:because|as|since) (?:we've |we have )?without an article"
     r"(?: (?:about|for|on) (?:it|that|them|this))?"), r"knowledge gaps \g<what>"),
    # "Customers write in German" says no more than "customers in German".
    (rf"{_WHO} (?:write|wrote|have written)(?: (?:in )?to us| us| in)?(?! again| a second| twice)",
     r"\g<who> in"),
)  # fmt: skip
_PATTERNS = tuple((compiled(source), target) for source, target in _SOURCES)


_WHAT = re.compile(
    r"(?<![\w-])(?:assistant (?=automation|resolution))?(automation|automated|resolution)(?: rate)?"
    r"(?![\w-])(?! at most| times?\b)"
)
#: The upper bound counts the silent ones as served: saying so names it.
_UPPER = re.compile(
    r"(?:the one )?where (?:everybody|everyone|those|all)(?: who)?(?: went| go| stayed)? silent "
    r"counts? as (?:served|solved|helped)|"
    r"(?:if|counting|including|assuming|when|crediting)(?: (?:the|all|we|you|i|also|as|that|count|"
    r"counted|counting|include|included|credit|treat|treated|assume|give|gave|assistant|for|are|"
    r"optimistic|and|generous|"
    r"a person|"
    r"everyone|everybody|who|went|just|of|ones|customers|people)){0,12} silent(?: ones?| "
    r"customers?)?"
    r"(?: (?:too|(?:was|were|are|is|as|count|counted)(?: \w+){0,2}))?"
)
#: The silent ones left out or counted as lost: the contrary of the upper bound.
_NOT_SERVED = re.compile(
    r"exclud|leav\w+ out|left out|ignor|\bnot\b|without(?! a person)|fail|unserved|lost"
)
_AT_MOST = re.compile(r" at (?:the )?(?:most|best)\b")
_ALONE_AT_MOST = re.compile(r"\bat (?:the )?(?:very )?most\b")
_CAUTIOUS = re.compile(r"(?:the )?most (?:cautious|conservative|careful|prudent)\b")
_COULD = re.compile(
    r"(?:the )?(?:highest|maximum|best|greatest|most) (?:possible |(?=(?:[\w-]+ "
    r"){1,5}(?:could|can|might)\b(?! (?:you|i)\b)))|"
    r"(?:the )?(?:best[- ]case|upper (?:limit|bound|end)|optimistic|ceiling)(?: (?:of|"
    r"for)(?: the)?)?"
)
#: Said of a figure without an upper bound, or too far from it: not the order "best first".
_AND_AT_MOST = re.compile(
    r"^(?:(?:and|what about|how about|ok|okay) )?at (?:the )?(?:very )?(?:most|best)(?: then)?$"
)
_AT_BEST = re.compile(r"^at (?:the )?(?:very )?best\b")
_LOWER = re.compile(
    r"(?:the )?(?:(?:conservative|cautious|prudent) )?"
    r"(?:(?:lower bound|lower limit) (?:(?:of|for) )?|minimum (?:of|for) )(?:the |our )?|"
    r"(?:the )?(?:conservative|cautious|prudent)(?= (?:automation|resolution|assistant))|"
    r"(?:the )?(?:guaranteed |proven |proved )?minimum$|"
    r"(?:the )?(?:guaranteed|proven|proved|provable|demonstrable)\b"
)


def _at_most(match: re.Match[str]) -> str:
    return f"{'resolution' if match.group(1) == 'resolution' else 'automation'} at most"


#: Said of whatever is solved, without the word "automation".
_BEST_CASE = re.compile(
    r"(?:(?:in|at|under) )?(?:the )?(?:best[- ]case|upper (?:limit|bound)|most favou?rable)"
    r"(?: (?:assumptions?|view|reading|scenario))?|optimistically"
)
BEST_CASE = "at-upper"


def _upper_bound(text: str) -> str:
    """The question with the upper bound named where it is told by what it counts."""
    text = _CAUTIOUS.sub("lower bound of the", text)
    bare, best = _BEST_CASE.subn("", text)
    bare, silent = (bare, 0) if _NOT_SERVED.search(bare) else _UPPER.subn("", bare)
    bare, could = _COULD.subn("", bare)
    if _WHAT.search(_AT_MOST.sub("", bare)) is None:
        return f"{_ALONE_AT_MOST.sub(' ', bare)} {BEST_CASE}" if best or silent else text
    bare, lower = _LOWER.subn("", bare)  # the figure itself is the lower bound
    if lower or not (best or silent or could):
        return bare if lower else text
    return _WHAT.sub(_at_most, _AT_MOST.sub("", bare), count=1)


def rewrite(text: str) -> str:
    """The question with such phrases replaced."""
    text = _upper_bound(_AND_AT_MOST.sub(f"and {BEST_CASE}", text))
    for pattern, target in _PATTERNS:
        text = pattern.sub(target, text)
    return _AT_BEST.sub("at-best", text)
