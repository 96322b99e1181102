"""Words that carry nothing to be understood. Everything else must be, or the question is refused.

A word that can narrow a figure ("long", "person", "helped") does not stand here.
"""

FILLER = frozenset(
    """
    a an the of in on at for to with from by is are was were be been being do does did have has
    had we our us you your it its that this these those there here i me my they them their who
    whom how what which when where many much number count amount total overall figure figures
    value show give tell list display find see get please can could would want like know let
    need look people's and or but so than as if then also just only really actually currently
    now about regarding concerning during within per each all any some every per-cent question
    conversation customers customer assistant bot agent's portal median average mean typical
    typically usual usually normal normally kind type because due through via between using use
    used often time times share percentage percent rate proportion part fraction ratio happen
    happened happening go goes going went come comes coming came having make makes made next
    most least recently lately main appear appears appeared reached reach contacted contact
    brings bring brought rank ranks sort sorts together combined altogether across generally hey
    dear kindly wonder wondering curious interested break distribution spread ours i'd i'm we'd
    what's who's how's let's gave pull stats statistics data numbers cheers exact exactly
    roughly approximately presently everyone everybody user users client clients differ occur
    occurred occurs arrive arrived arrives ranking ranked order ordered sorted compared
    comparison question(s) reply replies answer answers message messages response responses case
    cases something anything one ones again same thing still ever into over yes hello hi thanks
    thank ok okay vs versus against gets got getting receive receives received gives given far
    we're they're it's there's doing last done wrote writes written found until take takes took
    end ended ends occasion occasions quantity contain contains contained extent matter matters
    she he she's he's him her his hers whose whether ending ta pls plz rn btw fyi asap tbh imo
    cos coz cuz bc
    """.split()
)
#: Adverbs and verbs that add nothing once a figure is named. A phrase may still need them.
LIGHT = frozenset(
    """
    too finally simply merely entirely eventually already yet always sometimes truly simple
    perhaps maybe ever quite rather pretty very even once anyway able possibly mostly largely
    land landed lands sit sits sat put puts hit hits offer offers offered keep keeps kept pick
    picks picked deal deals dealt turn turns turned serve serves served middle counting counts
    counted such whole them him her itself themselves those sees seen saw telling tells told
    provably straight instead demonstrably verifiably definitely certainly surely honestly
    basically literally seriously apparently obviously clearly genuinely properly happily
    hopefully ideally frankly specifically particularly especially purely strictly solely
    nowadays meanwhile afterwards beforehand somehow anyone anybody whoever whatever whichever
    guys halfway half-way part-way partway midway mid-way through throughout along needed want
    wants wanted start starts started starting guess reckon report reporting quote view purposes
    sake back-and-forth says said say strongly heavily nevertheless nonetheless regarded
    considered deemed snappy out while stuff things thing prove proves proven proved terms
    regards bit lot lots ton tons bunch write writes writing stay stays stayed stand stands
    stood hold holds held run runs ran must gotten inclusive they'd they've he'd she'd we've i've
    """.split()
)
#: Verbs and nouns that add nothing beside a figure of its own, but would be the predicate of a
#: plain count: "how many customers love us".
DOING = frozenset(
    """
    manage manages managed try tries tried trying seem seems seemed tend tends tended begin
    begins began remain remains remained think believe suppose imagine assume understand love
    vouch problem problems
    """.split()
)
#: Filler that no phrase reaches across: "handled the most" asks for another figure than "handled".
FIRM = frozenset({"most", "least"})
#: Turns of phrase that carry nothing as a whole, though a word of them would.
IDLE = "|".join(
    (
        "how (?:high|low|long|big|large|strong)",
        "as an? (?:table|chart|graph|list|line|bar chart)",
        "(?:in|with) (?:an? )?(?:table|chart|graph)",
        ("(?:an? |the )?(?:table|chart|graph|plot|overview|report|summary|"
         "breakdown) (?:of|for|on|with)"),
        ("write(?: in)? to us(?! again| a second| "
        "twice)"), "at all", "on average", "hand on heart", "all things considered",
        "at the end of the day", "in a nutshell", "long story short", "by the way", "just curious",
        "out of (?:sheer |pure )?curiosity", "for the record", "by and large", "on the whole",
        ("in plain (?:english|words|"
        "terms)"), "bottom line", "being honest", "honestly speaking", "in total",
        "in all", "so far", "up to now", "up to date", "i need", "we need", "need to know",
        "at (?:the )?very least", "(?:put|work|figure|turn|carry)(?:s|ed|ing)? out",
        "say (?:for|in|on)", "let's say", "in numbers", "looking at", "take a look at",
        "let me know", "tell me", "at the moment", "more or less", "these days",
        ("(?:that |which )?(?:i|we) (?:can|could|may|should) (?:quote|show|report|give|"
         "present|tell)(?: (?:to )?(?:the |my |our )?(?:board|boss|management|ceo|cfo|"
         "investors|owners|team))?"),
        ("for (?:the |my |our |a )?(?:board(?: meeting)?|boss|management|ceo|cfo|"
         "investors|meeting|slides?|deck|presentation|(?:weekly |monthly |board )?report)"),
        "as (?:well|far as (?:we|i) (?:know|can tell))", "to be (?:honest|fair|precise|exact)",
        "the one that is", "on the next (?:go|turn|try|attempt|message)", "by any chance",
        "if any", "(?:the )?assistant or (?:an? )?(?:person|agent)",
        "(?:an? )?(?:person|agent) or (?:the )?assistant",
        "in (?:money|minutes|seconds|hours|ms|milliseconds)",
        "(?:is|was) it possible to see",
        r"at least(?! \d| one| two| three| an?\b)", "in (?:hard )?cash", "for good",
        "within how long",
        ("so (?:that )?we (?:never|don't) (?:learn|know|hear|find out)(?: (?:if|"
         "whether) it helped)?"),
        "whether it helped(?: them)?(?: or not)?", "according to", "flat out", "outright",
        "to what extent", "percentage[- ]wise", "in percent(?= )(?! of)", "as a percentage",
        "i mean", "any (?:idea|ideas|clue)", "on (?:the )?screen", "right after(?:wards)?",
        "straight after", "(?:the|our) (?:company|business|firm|organi[sz]ation)",
        "within (?:what|which) time", "right now", "as of (?:now|today)", "for (?:me|us)",
    )
)  # fmt: skip
#: A question does not order anything to be done.
ORDERS = frozenset(
    """
    write draft send delete drop insert update translate hire fire remove assign buy schedule
    restart create call set wipe erase purge clear reset forget hide cancel
    """.split()
)
