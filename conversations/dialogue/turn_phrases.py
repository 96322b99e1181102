"""Whole turns that a word list cannot tell apart, matched from beginning to end."""

import re

_THANKS = (
    r"(?:[\s,!.]*(?:please|thanks|thank you|thx|cheers|so much|very much|then|sir|now))*[\s!.]*"
)
_LEAD = r"(?:(?:no|nope|but|sorry|ok|okay|hm+|well|yes|yeah|and|so|actually)[\s,!.]+)*"
_NOT = r"(?:(?:is|was|does|did|has|do)(?:n['’]?t| not)|['’]?s not|not)"

#: "Yes" to the assistant's own question, in other words.
YES = re.compile(
    r"(?:(?:yes|yeah|yep|yup|ok|okay|sure|oh)[\s,!.]*)*(?:of course"
    r"|please(?: do)?(?: it| so| that)?"
    r"|do (?:it|so|that)|(?:that|it)(?: would|['’]d) be (?:very )?(?:nice|great|good|lovely|perfect"
    r"|helpful|kind)|go (?:ahead|for it)|why not|i(?: would|['’]d) (?:like|love) (?:that|to|it)"
    r"|let['’]?s do (?:it|that)|i think so|if you (?:can|could|would))" + _THANKS,
    re.IGNORECASE,
)
#: "No" to it.
NO = re.compile(
    r"(?:(?:no|nope|nah|ok|okay)[\s,!.]*)*(?:not (?:now|really|yet|today|necessary|needed|at the"
    r" moment)|(?:please )?don['’]?t(?: do (?:it|that))?|i don['’]?t think so|no need|better not"
    r"|leave it|forget it|it['’]?s (?:fine|ok|okay))" + _THANKS,
    re.IGNORECASE,
)
#: It is done: "that worked".
SOLVED = re.compile(
    r"(?:(?:ok|okay|great|perfect|yes|yeah|nice|super)[\s,!.]*)*(?:that|it|this)(?:['’]?s| has| is"
    r"| all)?(?: now)? (?:worked|works|helped|helps|did it|did the trick|solved(?: it)?"
    r"|fixed(?: it)?|all i needed|clear|working)(?: now| perfectly| a lot| me)*" + _THANKS,
    re.IGNORECASE,
)
#: What the assistant said is not it. Only a turn that follows a reply can say so.
NOT_HELPED = re.compile(
    _LEAD + r"(?:"
    rf"(?:that|this|it|your answer|the answer)(?: still| really)? ?{_NOT}(?: really| even)?"
    r" (?:help(?:ed|ful|ing)?|work(?:ed|ing)?|what i (?:asked|meant|want(?:ed)?|need(?:ed)?"
    r"|(?:am|was) (?:asking|looking))(?: for| about)?|my (?:question|problem|issue)"
    r"|answer(?:ed|ing)?(?: my question| that| it)?|right|correct|true|it|relevant|solve(?:d)?"
    r"(?: it| my \w+)?|the (?:answer|problem|question|issue))(?: me| at all| either| anymore"
    r"| for me)*"
    rf"|(?:still )?{_NOT} (?:help(?:ful|ing|ed)?|work(?:ing|ed)?)(?: me| at all| either| for me)*"
    r"|you(?: did| do| are| have)?(?:n['’]?t| not)? (?:understand|understood|misunderstood"
    r"|answer(?:ed)?|listen(?:ing)?|get(?:ting)? it)(?: me| my question| it| to me| that)*"
    r"|(?:that['’]?s|that is|this is|it['’]?s)(?: just| simply)? (?:the )?(?:wrong|incorrect"
    r"|nonsense|useless|false|not true)(?: answer| article| one)?"
    r"|(?:wrong|incorrect|useless)(?: answer| article| one)?"
    r"|(?:that|this|it) makes no sense|no help(?: at all)?"
    r"|i(?:['’]ve| have)?(?: already)? (?:tried|did|done|read) (?:that|this|it|all that|everything)"
    r"(?: already| before| twice)*"
    r")[\s!.]*",
    re.IGNORECASE,
)
SALUTATION = re.compile(
    r"(?:dear|hello|hi|hey|good (?:day|morning|afternoon|evening))(?: \w+){0,2}"
    r" (?:team|support|sirs?|madam|service|desk|all|everyone|everybody)(?: or madam)?[\s,!.]*",
    re.IGNORECASE,
)
_HA = r"(?:lo+l|(?:ha){2,}h?|(?:he){2,}|rofl|lmao|xd)"
LAUGH = re.compile(rf"{_HA}(?:[\s!.]+{_HA})*[\s!.]*", re.IGNORECASE)
#: Asking for the assistant's own instructions; there is nothing to find for it in the articles.
PROBE = re.compile(
    r"(?:(?:please|now|ok|and)[\s,]+)*(?:what(?:['’]?s| is| are)|show(?: me)?|reveal|repeat|print"
    r"|tell me|give me|output|display|write(?: out)?)(?: me)? (?:your|the) (?:full |exact |hidden "
    r"|initial |original |secret )*(?:system )?(?:prompts?|instructions?|rules|guidelines)"
    r"(?: (?:word for word|verbatim|above|exactly|in full|please|to me|from above))*[\s?!.]*",
    re.IGNORECASE,
)
