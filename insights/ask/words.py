"""The words of the grammar: which phrases name which figure, grouping, order and intent."""

from insights.measures import WEEKDAYS

#: Phrases of each measure. The longest phrase found wins.
MEASURES: dict[str, str] = {
    "conversations": "conversations|conversation volume|chats|volume|contacts|requests|tickets|"
    "traffic|enquiries|inquiries|demand|how much comes in",
    "people": "different people|people|persons|unique customers|different customers|users|"
    "how many customers|distinct customers",
    "automation": "automation|automation rate|automated|solved by the assistant|"
    "solved without a person|handled without a person|resolved automatically|"
    "assistant solve|assistant solved|assistant resolve",
    "automation_upper": "automation at most|upper bound of automation|automation upper bound|"
    "best case automation|automation at best",
    "involvement": "involvement|assistant involved|involved",
    "resolution": "resolution|resolution rate|resolution at least",
    "resolution_upper": "resolution at most|upper bound of resolution|resolution upper bound",
    "containment": "containment|containment rate|contained|deflection|deflected|deflection rate|"
    "kept away from people|never reached a person",
    "escalation_rate": "escalation rate|escalated share|hand-over rate|handover rate|"
    "rate of escalation|escalation percentage",
    "escalations": "escalations|escalation|hand-overs|handovers|handed over|escalated|"
    "transferred|transfers|passed to a person|passed on to a person|went to a person|"
    "go to a person|needed a person|need a person|needs a person|ended with a person|"
    "end with a person",
    "confirmed_share": "confirmed|confirmed by the customer|confirmed share|confirmation rate",
    "silent_share": "silent|silence|ended in silence|left without a word|said nothing|"
    "silent conversations|without a word|without saying anything|went silent|silently|"
    "left silently",
    "rejected_share": "rejected|said no|customers who said no|customer said no",
    "human_resolved_share": "resolved by a person|resolved by people|resolved by agents|"
    "solved by a person|solved by people|solved by agents|human resolved",
    "unserved_share": "unserved|never resolved|nobody resolved|not resolved|left unresolved",
    "recontact_rate": "re-contact|recontact|re-contacts|recontacts|recontact rate|re-contact rate|"
    "came back|come back|contact us again|contacted us again|wrote again|write again|"
    "repeat contacts|return within 7 days",
    "first_response_time": "first response time|first response|first reply|first answer|"
    "time to first reply|time to first response|first reply time",
    "resolution_time": "resolution time|time to resolution|time to resolve|time to solve|"
    "until a case is solved|until it is solved|until it is resolved|until a case is resolved|"
    "until solved|until resolved|take to resolve|take to solve",
    "messages_per_conversation": "messages per conversation|messages a conversation|"
    "length of conversations|conversation length|messages in a conversation",
    "csat": "csat|satisfaction|customer satisfaction|survey score|satisfied|happy|csat score",
    "agent_time": "agents' time|agent time|agent minutes|agent hours|time of agents|"
    "time agents spent|agents spend|agents spent|time spent by agents",
    "cost_per_conversation": "cost per conversation|cost a conversation|cost of a conversation|"
    "costs per conversation|conversation cost|a conversation cost|cost per chat",
    "questions": "questions|questions to the assistant|turns|questions asked",
    "answer_rate": "answered|answer rate|answered by the assistant|answered share",
    "clarify_rate": "asked back|clarify rate|clarification rate|clarifications|asks back|"
    "ask back|clarification",
    "handover_rate": "handed over by the assistant|gave up|gives up",
    "clarification_success": "clarification success|asking back help|asking back|"
    "clarification success rate|clarifications helped|clarifications help|asking back helped",
    "wrong_rate": "wrong answers|wrong answer rate|wrong|wrong answer|incorrect answers|incorrect|"
    "mistakes|wrongly answered|false answers",
    "reviews": "reviews|reviewed|reviewed turns|reviewed answers|verdicts",
    "helpful_rate": "thumbs up|helpful|helpfulness|thumbs|rated helpful|ratings|helpful rate|"
    "happier|positive ratings",
    "first_token_time": "time to first token|first token time|first token|ttft|first token latency",
    "reply_time": "reply time|time to the whole reply|whole reply|full reply|time to full reply|"
    "complete reply|reply latency|latency",
    "queue_time": "queue time|time in the queue|time in queue|queueing time|queuing time",
    "gpu_share": "gpu share|share of the gpu|share of gpu|from the gpu|by the gpu",
    "cpu_share": "cpu share|share of the cpu|share of cpu|from the cpu|by the cpu",
    "extractive_share": "extractive share|quoted articles|share of quotes|quoted|quoted answers",
    "cache_hit_rate": "cache hits|cache hit rate|cached answers|from the cache|cache",
    "tokens": "tokens|tokens used|token use|token usage|tokens consumed|token consumption",
    "tokens_per_reply": "tokens per reply|tokens a reply|tokens per answer",
    "worker_use": "worker use|worker utilisation|worker utilization|worker load|busy workers|"
    "workers busy",
    "fault_rate": "faults|fault rate|technical faults|failures|failed|failed with a fault|"
    "technical errors|failure rate|crashes",
    "stopped_rate": "stopped|stopped answers|stopped by the customer|stopped by customers|"
    "answers stopped|customers stop|stop",
    "knowledge_gaps": "knowledge gaps|gaps|missing articles|article should we write|"
    "articles should we write|articles are missing|article is missing|should we write|"
    "without an article|no fitting article|no article covers|not covered by an article|"
    "no article answers|articles do not cover",
    "gap_rate": "gap rate|knowledge gap rate",
    "article_uses": "article uses|article use|articles used|use of articles|used articles|"
    "used article|articles by use|article is used|cited articles|cited article|articles cited",
    "wait_time": "wait|waiting time for an agent|waiting time for a person|"
    "wait time for an agent|wait time for a person|waiting time|waiting times|"
    "wait time|wait times|waits|waited|waiting|"
    "wait for a person|wait for an agent|waiting for a person|time to claim|picks up|"
    "pick up|picked up|takes over|took over|take over|reach a person|reach an agent",
    "handle_time": "handling time|handle time|handling times|aht|agents take|time on a case",
    "sla_kept": "sla|sla kept|promises kept|service level|kept the sla|keep the sla|"
    "sla compliance|promises|kept our promises",
    "savings": "savings|save|saved|saves|roi|return on investment|money saved|saving",
}

#: Where a share is asked for, the count's twin; and the unlucky ones' twin of a typical time.
SHARE_TWIN = {
    "escalations": "escalation_rate",
    "knowledge_gaps": "gap_rate",
}
P95_TWIN = {
    "first_response_time": "first_response_p95",
    "first_token_time": "first_token_p95",
    "reply_time": "reply_p95",
    "wait_time": "wait_p95",
}
SHARE = r"share|percentage|percent|proportion|fraction|rate|how often|what part|ratio"
P95 = r"95th percentile|p95|95 percentile|percentile 95|95 percent of|slowest (?:5|five) ?percent"

#: Phrases that could mean several figures: the reader is asked which.
AMBIGUOUS: dict[str, tuple[str, ...]] = {
    "errors|error rate|error|quality|accuracy": ("wrong_rate", "fault_rate", "helpful_rate"),
    "speed|response time|how fast|how quick|how quickly|how slow|slow|fast": (
        "first_response_time", "first_token_time", "wait_time",
    ),
    "how long|time|duration": ("wait_time", "handle_time", "resolution_time"),
    "cost|costs|expensive|money": ("cost_per_conversation", "savings"),
    "solved|resolved": ("automation", "resolution", "human_resolved_share"),
    "performance|how good|how well|doing": ("automation", "wrong_rate", "first_token_time"),
}  # fmt: skip

#: Names of dimensions.
DIMENSIONS: dict[str, str] = {
    "weekday": "days? of the week|weekdays?",
    "hour": "hours? of the day|hours?|time of the day|time of day",
    "topic": "topics?|subjects?|themes?|categor(?:y|ies)",
    "language": "languages?",
    "channel": "channels?",
    "reason": "reasons?|hand-?over reasons?|causes?",
    "agent": "agents?|colleagues?",
    "team": "teams?",
    "outcome": "outcomes?|endings?",
    "tier": "tiers?|rungs?",
    "decision": "decisions?",
    "article": "articles?",
    "day": "days?|date",
    "week": "weeks?",
    "month": "months?",
}
ADVERBS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}
GROUP_BEFORE = (
    r"by|per|for each|for every|each|every|across|split by|broken down by|grouped by|"
    r"break(?:down)? (?:it |them )?(?:down )?by|breakdown by|which|what|in which|on which|"
    r"at which|at what"
)
TREND = r"trend|over time|develop(?:ed|ment|s)?|evol(?:ve|ved|ution)|history|course|progress"

SPEED_ORDER = r"longest|slowest|shortest|fastest|quickest"
MOST = r"most|highest|top|largest|biggest|longest|slowest|greatest|maximum|max|busiest|peak"
LEAST = r"least|lowest|fewest|smallest|shortest|fastest|quickest|minimum|min|quietest"
BEST, WORST = r"best", r"worst|weakest"
BUSY = r"busiest|quietest|peak"

WHY = (
    r"why|how come|what caused|what explains|what drove|explain|reason for the|reasons for the|"
    r"what is behind|what's behind|due to what"
)
CHANGE = (
    r"go(?:ne|ing)? up|went up|go(?:ne|ing)? down|went down|up|down|rise|rising|rose|risen|fall|"
    r"fell|falling|fallen|dropp?(?:ed|ing)?|increas(?:e|ed|ing)|decreas(?:e|ed|ing)|"
    r"chang(?:e|ed|es|ing)|grow(?:n|ing)?|grew|shrink|shrank|jump(?:ed)?|higher|lower|worse|better|"
    r"improv(?:e|ed|ing|ement)|difference|differ|get worse|got worse|declin(?:e|ed|ing)|"
    r"climb(?:ed)?|spike|spiked"
)
AGAINST = (
    r"against|versus|vs|compared (?:with|to)|in comparison (?:with|to)|relative to|than|"
    r"compare (?:it |that )?(?:with|to)|as opposed to|compare(?:d)?"
)
#: One word for what people call by many: written so in the phrases above, too.
SAME: dict[str, str] = {
    "assistant": "bot|ai|chatbot|robot|machine|virtual assistant|ai assistant|support bot",
    "person": "human|human being|human agent|employee|representative|rep|staff member|"
    "member of staff|support agent|real person|live agent",
    "people": "humans|staff|employees|representatives|reps|support staff|human agents",
    "conversation": "chat|ticket|case|dialogue|enquiry|inquiry",
    "conversations": "chats|tickets|cases|dialogues|enquiries|inquiries",
    "wrong": "incorrect|false|mistaken|erroneous|inaccurate",
    "handed over": "escalated|transferred|forwarded|referred|passed on|handed off|passed over",
    "hand-overs": "transfers|handoffs|hand-offs|handovers",
    "satisfaction": "happiness|contentment",
    "without a person": "on its own|by itself|on their own|unaided|without human help|"
    "without help|without a human",
}
#: Parts of a day as hours.
PARTS_OF_DAY: dict[str, tuple[int, int]] = {
    r"(?:in |at |during )?(?:the )?mornings?": (6, 12),
    r"(?:in |at |during )?(?:the )?afternoons?": (12, 18),
    r"(?:in |at |during )?(?:the )?evenings?": (18, 24),
    r"(?:in |at |during )?(?:the |over )?nights?|overnight": (0, 6),
}
#: Follow-ups that tell what to do with the figure before.
AGAIN = (
    r"(?:narrow|restrict|limit|zoom|filter|break|split|slice|group|make|change|switch|repeat|do|"
    r"show)(?: (?:it|that|this|them|the same|down|in|to|on|only|again))+"
)
FOLLOW = (
    r"and|what about|how about|same|only|now|but|instead|also|then|ok|okay|just|same for|"
    r"show that|the same"
)

#: Values with names of their own; the rest comes from the record.
VALUES: dict[str, dict[str, str]] = {
    "weekday": {
        **{f"{day}s": day for day in WEEKDAYS},
        **{f"on a {day}": day for day in WEEKDAYS},
    },
    "tier": {
        "gpu": "gpu", "cpu": "cpu", "extractive": "extractive", "gpu model": "gpu",
        "cpu model": "cpu",
    },
    "reason": {
        "asked for a person": "asked_for_person", "no article": "no_article",
        "no article was found": "no_article", "not sure": "not_sure", "unsure": "not_sure",
        "clarification failed": "clarify_failed", "failed clarification": "clarify_failed",
        "failed clarifications": "clarify_failed", "complaint": "complaint",
        "complaints": "complaint", "risk": "risk", "risk words": "risk",
        "technical fault": "fault", "sla breach": "sla_breach",
    },
    "language": {
        "english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it",
        "dutch": "nl", "polish": "pl", "portuguese": "pt",
    },
    "channel": {
        "web": "web", "web page": "web", "website": "web", "widget": "widget", "email": "email",
        "e-mail": "email", "the widget": "widget",
    },
    "topic": {},
}  # fmt: skip
WEEKEND = r"(?:at|on|over)?\s*(?:the )?weekends"
WORKDAYS = r"(?:on )?(?:working days|workdays|business days)"

#: Words that carry nothing to be understood.
FILLER = frozenset(
    """
    a an the of in on at for to with from by is are was were be been being do does did have has had
    we our us you your it its that this these those there here i me my they them their who whom
    how what which when where many much number count amount total overall figure figures value
    show give tell list display find see get please can could would should want like know let
    need look people's and or but so than as if then also just only really actually currently
    now about regarding concerning during within per each all any some every per-cent question
    conversation customers customer assistant bot agent's portal median average mean typical
    typically usually normal normally kind type because due through via between using use used
    often long time times share percentage percent rate proportion part fraction ratio happen
    happened happening go goes going went come comes coming came had having make makes made
    next most least more less high highest low lowest least big biggest top largest longest rank
    ranking ranked order ordered sorted compared comparison question(s) reply replies answer answers
    message messages response responses person case cases something anything one ones us again same
    thing still ever per into over yes hello hi thanks thank ok okay vs versus against
    get gets got getting receive receives received give gives given work works worked went
    so far we're they're it's there's doing
    last done write wrote writes written found until take takes took end ended ends
    """.split()
)
