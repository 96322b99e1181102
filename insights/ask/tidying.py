"""What a question carries besides what it asks: openings, short forms, possessives. Pure."""

import re

from insights.ask.scan import compiled

_PEOPLE = r"(?:human|person|people|agent|employee|colleague|member of staff|staff|being)s?"
_OURS = r"(?:my|our|the|these|your)"
_STAFF = r"(?:people|staff|team|crew|guys|folks|lot|agents|colleagues|employees)"
_VERBS = r"(?:ended|ends|end|ending|wound|winds|turned|turns)"
_ONE_OF = rf"(?:some)?one of (?:{_OURS} (?:own )?{_STAFF}|us)"
_SOURCES: tuple[tuple[str, str], ...] = (
    (r"(?:remind me|out of interest|while you're at it|if you don't mind|if possible)(?: of)?", ""),
    # Short forms.
    (r"avg|ave", "average"),
    (r"pct", "percent"),
    (r"thru", "through"),
    (r"mins", "minutes"),
    (r"secs", "seconds"),
    (r"yrs?", "year"),
    (r"mths?", "month"),
    (r"wks?", "week"),
    (r"qtr", "quarter"),
    (r"nr", "number"),
    (r"qs", "questions"),
    (r"cust|custs", "customers"),
    (r"hrs", "hours"),
    (r"manag(?:e|es|ed|ing) to (?P<verb>\w+)", r"\g<verb>"),
    ((r"(?P<who>individuals|customers|people|persons) as opposed to (?:just )?(?:chats|"
      r"conversations|"
     r"tickets|contacts)"), r"\g<who>"),
    (r"convos?|convs", "conversations"),
    (r"msgs?", "messages"),
    (r"resp", "response"),
    # Who works here, however they are called.
    (rf"(?:real|actual|live|proper|living|real-life|flesh-and-blood)(?= {_PEOPLE}\b)", ""),
    (rf"(?P<w>which|what|who) (?:one )?(?:of|in|from|on|among) {_OURS} (?:own )?{_STAFF}",
     "which agent"),
    (_ONE_OF, "a person"),
    (rf"(?P<p>by|to|with|from|until|reached) {_OURS} (?:own )?{_STAFF}", r"\g<p> people"),
    ((r"(?P<p>(?:passed|handed|sent|forwarded|escalated|transferred|routed|given|solved|resolved|"
     r"handled|fixed|closed)(?: (?:over|on|up))? (?:to|by)) us"), r"\g<p> people"),
    # Verbs with a particle: "up" and "down" say nothing of a change here.
    (rf"{_VERBS} up(?: (?:being|getting|with|in))?", "was"),
    (r"(?:were|was|are|is|being) (?:\w+ )?down to", "due to"),
    (r"(?:fall|falls|fell|falling) over", "fail"),
    (r"(?P<v>pick|picks|picked|picking) (?:it|them|him|her|us|me|customers?|people) up",
     r"\g<v> up"),
    (r"(?P<v>came|comes?|coming) (?:out of|off(?: of)?)", r"\g<v> from"),
    (r"(?:proved|proves|proven|turned out|turns out|turn out) to be", "was"),
    (r"real(?= (?:answer|reply)\b)", ""),
    (r"(?P<unit>(?!percentage|percent|like|other|clock)\w+)-wise", r"by \g<unit>"),
    (r"(?P<unit>month|week|day|hour|team|agent|topic|channel|language|reason) wise",
     r"by \g<unit>"),
    (r"error(?:s|ed)? out", "fail"),
    (r"qa(?= reviewed)", ""),
    (r"(?:i would|i'd|we would|we'd) (?:love|like|want) to (?:see|know|have)", "show"),
    (r"best case", "best-case"),
    (r"thumbs?-up", "thumbs up"),
    (r"thumbs?-down", "thumbs down"),
    (r"(?P<v>did|do|does|was|is|were|are|could|would|has|have|had|ca|wo)nt", r"\g<v>n't"),
    (r"whats", "what is"),
    (r"hows", "how is"),
    (r"whos", "who is"),
    (r"(?:a|one|each|every) single", "each"),
    (r"teh", "the"),
    (r"per cent", "percent"),
    (r"highest (?:on|at the) top|(?:biggest|largest) (?:on|at the) top", "highest"),
    ((r"(?:split|break|divide|separate|slice|cut|group) (?:it|that|this|them|those|these) "
     r"(?P<by>by|per|into)"), r"split \g<by>"),
    (r"(?:one|a) (?:line|row|bar|column)(?= (?:per|for each|for every|each)\b)", ""),
    (r"(?:stack|stacks|stacked|measure|measures) up", "compare"),
    (r"(?P<b>by|with|of|are|is|was|were) (?P<v>coming|come|came) up(?= (?:most|often|with))",
     r"\g<b> \g<v> "),
    (r"(?:come|comes|came|coming|crop|crops|cropped|pop|pops|popped) up(?! (?:from|since))",
     "come"),
    ((r"(?:split|break|broken|slice|cut|divide|separate)(?: (?:it|that|this|them|those|these))? "
     r"(?:out|down|up) by"), "split by"),
    ((r"(?:split|break|broken|slice|cut|divide|separate)(?: (?:it|that|this|them|those|these))? "
     r"(?:out|down|up)"), "split"),
)  # fmt: skip
_PATTERNS = tuple((compiled(source), target) for source, target in _SOURCES)
_POSSESSIVE = re.compile(r"(?<=[^\W\d_])'s?(?= |$)")
#: Said before the question, not in it.
_OPENING = re.compile(
    r"^(?:(?:right|great|cool|fine|good|nice|perfect|interesting|alright|well|sorry|so|hmm?|ooh|oh|ah|kindly|please|grand|lovely|brilliant|super|thanks|"
    r"quick question|quick one|good morning|good afternoon) )+"
    r"(?=(?:and|what|which|how|now|but|who|why|where|when|show|can|could|do|does|is|are|narrow|"
    r"restrict|limit|split|break|divide|group|filter|repeat|slice|zoom)\b)"
)
_POLITE = re.compile(
    r"^(?:and |now |then |ok |okay )?(?:can|could|would|will) (?:you|we|i) (?:please |also )*"
    r"(?=(?:split|break|show|do|narrow|limit|restrict|filter|group|slice|repeat|change|switch|make|"
    r"zoom|compare)\b)"
)
#: Pronouns with "is": no possessives.
_SHORT_IS = re.compile(r"\b(?P<w>who|what|how|where|when|there|that|it|let|here|he|she)'s\b")


#: A greeting and the little that is said with it, up to a dash: "Hi, quick one - who …".
_GREETING = re.compile(
    r"(?i)^\s*(?:hi|hey|hello|good (?:morning|afternoon|evening)|quick (?:one|question)|"
    r"sorry|okay|ok)"
    r"(?:[\s,!]+(?:hi|there|all|team|everyone|folks|quick (?:one|question)|please|"
    r"before (?:my|the|our) [\w:]{1,12}))*\s*[-–—]+\s+"
    r"(?=(?:who|what|how|which|why|when|where|show|give|can|could|do|is|are)\b)"
)


def without_greeting(text: str) -> str:
    """The question as it was typed, from the question on."""
    return _GREETING.sub("", text)


def bare(text: str) -> str:
    """Words without the apostrophe of whose they are: "the bot's answers" are "bot answers"."""
    return _POSSESSIVE.sub("", _SHORT_IS.sub(r"\g<w> is", text))


def tidy(text: str) -> str:
    """The question without what only surrounds it; text in lower case without punctuation."""
    text = re.sub(r"(?<!\w)'(?=\w)|(?<=[^s\W])'(?!\w)", "", text)  # quotation marks
    text = _POLITE.sub("", _OPENING.sub("", bare(text)))
    for pattern, target in _PATTERNS:
        text = pattern.sub(target, text)
    return re.sub(r"\s+", " ", text).strip()
