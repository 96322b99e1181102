"""The words of the grammar: groupings, order, comparison, intent. Figures are in `phrases/`."""

#: Where a share is asked for, the count's twin; and the unlucky ones' twin of a typical time.
SHARE_TWIN = {
    "escalations": "escalation_rate",
    "knowledge_gaps": "gap_rate",
}
#: The same verb said of conversations in place of questions.
CONVERSATION_TWIN = {"answer_rate": "involvement", "handover_rate": "escalation_rate"}
#: Of the conversations that the assistant answered.
OF_ANSWERED = {
    "confirmed_share": "resolution", "resolution": "resolution", "automation": "resolution",
    "resolution_upper": "resolution_upper",
}  # fmt: skip
#: Amounts: a share of one is another figure, or none.
AMOUNTS = ("conversations", "people", "questions", "reviews", "article_uses", "tokens",
           "escalations", "knowledge_gaps", "agent_time", "savings")  # fmt: skip
#: Figures with an upper bound that counts the silent ones as served.
AT_BEST = {
    "automation": "automation_upper", "resolution": "resolution_upper",
    "automation_upper": "automation_upper", "resolution_upper": "resolution_upper",
}  # fmt: skip
P95_TWIN = {
    "first_response_time": "first_response_p95",
    "first_token_time": "first_token_p95",
    "reply_time": "reply_p95",
    "wait_time": "wait_p95",
    "escalations": "wait_p95",  # within which time 95 of 100 of them were taken over
}
SHARE = (
    r"(?:the )?part(?= of)|share|portion|percentage|percent|proportion|fraction|rate|"
    r"how often|what part|ratio|(?:slice|chunk)(?= of)"
)
P95 = (
    r"95 (?:out of|of|in) (?:every |the )?100|19 (?:out of|in) 20|95th percentile|p95|95 "
    r"percentile|"
    r"percentile 95|95 percent of|(?:unluckiest )?(?:5|five) percent (?:who|that) (?:have to "
    r")?wait(?:ed)? "
    r"(?:the )?longest|"
    r"(?:slowest|unluckiest|worst|longest) (?:5|five) ?percent"
)

#: Phrases that could mean several figures: the reader is asked which.
AMBIGUOUS: dict[str, tuple[str, ...]] = {
    "errors|error rate|error|quality|accuracy": ("wrong_rate", "fault_rate", "helpful_rate"),
    "speed|response time|how soon|how fast|how quick|how quickly|how slow|slow|fast": (
        "first_response_time", "first_token_time", "wait_time",
    ),
    "how long|time|duration": ("wait_time", "handle_time", "resolution_time"),
    "cost|costs|expensive|money": ("cost_per_conversation", "savings"),
    "solved|resolved": ("automation", "resolution", "human_resolved_share"),
    "performance|how good|how well|doing": ("automation", "wrong_rate", "first_token_time"),
}  # fmt: skip

#: Said of two values of one dimension: they are set beside one another.
COMPARATIVE = (
    r"higher|lower|better|worse|longer|shorter|faster|slower|quicker|more|less|fewer|differ|"
    r"differences?|differently|compare(?:d|s)?|comparison|versus|vs|against"
)

#: Names of dimensions.
DIMENSIONS: dict[str, str] = {
    "weekday": "days? of (?:the )?week|weekdays?|week days?",
    "hour": "hours? of (?:the )?day|hours?|times? of (?:the )?day",
    "theme": "themes?|clusters?",
    "topic": "topics?|subjects?|categor(?:y|ies)|areas?|subject areas?",
    "language": "languages?",
    "channel": "channels?",
    "reason": "reasons?|hand-?over reasons?|causes?",
    "agent": "agents?|colleagues?",
    "team": "teams?|departments?|groups?",
    "outcome": "outcomes?|endings?|results?",
    "tier": "(?:model )?(?:tiers?|rungs?)",
    "decision": "decisions?",
    "article": "articles?",
    "day": "days?|date",
    "week": "weeks?",
    "month": "months?",
}
ADVERBS = {
    "hourly": "hour",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "day by day": "day",
    "week by week": "week",
    "month by month": "month",
    "hour by hour": "hour",
}
GROUP_BEFORE = (
    r"split(?:ted)? (?:up )?(?:into|over|across|among|between|along)|"
    r"distributed (?:over|across|by)|over the|for the different|for the various|for all(?: the)?|"
    r"between the|among the|(?:from|for|to|with|about|in|on|at|by) which|"
    r"(?:sliced|separated|separately|arranged|ordered|divided|split|broken down|grouped|"
    r"break(?:down)? (?:it |them )?(?:down )?|breakdown) by|split per|"
    r"by(?: the)?|per|for each|for every|each|every|across(?: the)?|which|what|at what"
)
TREND = r"trend|over time|develop(?:ed|ment|s)?|evol(?:ve|ved|ution)|history|course|progress"

SPEED_ORDER = r"longest|slowest|shortest|fastest|quickest"
MOST = (
    r"most (?:common|frequent|frequently|often|popular|important)|most|main|leading|commonest|"
    r"highest|top|largest|biggest|longest|slowest|greatest|maximum|max|busiest|peak|"
    r"costliest|dearest"
)
LEAST = (
    r"bottom|least (?:common|frequent|often|popular)|rarest|least|lowest|fewest|smallest|shortest|"
    r"fastest|quickest|minimum|min|quietest|cheapest"
)
BEST, WORST = r"best(?: performing)?|strongest", r"worst(?: performing)?|weakest|poorest"
BUSY = r"busiest|quietest|peak"

WHY = (
    r"why|how come|what caused|what explains|what drove|explain|"
    r"(?<!by )(?<!per )(?:the )?reasons? for the(?! (?:last|past|previous|month|week|year|"
    r"quarter))|"
    r"what is driving|what drives|what's driving|what is causing|what causes|what led to|"
    r"reason behind|reasons behind|cause of|causes of|reason of|how can it be that|"
    r"what is behind|what's behind|due to what|"
    r"what (?:is|was|are|were) the (?:main )?(?:reasons?|causes?)(?: that| why| for| of| behind)?"
)
CHANGE = (
    r"go(?:ne|ing)? up|went up|go(?:ne|ing)? down|went down|"
    r"(?<!pick )(?<!picks )(?<!picked )(?<!picking )up|down|rise|rising|rose|risen|fall|"
    r"fell|falling|fallen|dropp?(?:ed|ing)?|increas(?:e|ed|ing)|decreas(?:e|ed|ing)|"
    r"increases|decreases|surge[ds]?|plunge[ds]?|rises|falls|drops|"
    r"chang(?:e|ed|es|ing)|grow(?:n|ing)?|grew|shrink|shrank|jump(?:ed)?|higher|lower|worse|better|"
    r"improv(?:e|ed|ing|ement)|difference|differ|get worse|got worse|declin(?:e|ed|ing)|"
    r"climb(?:ed)?|spike|spiked|shoot up|shot up|soar(?:ed)?|skyrocket(?:ed)?|"
    r"plummet(?:ed)?|slump(?:ed)?|tumbled?|worsen(?:ed)?|deteriorat(?:e|ed)|creep up|crept up|"
    r"becom(?:e|ing)|became|"
    r"longer|shorter|faster|slower|quicker|more often|less often|more|less|fewer"
)
AGAINST = (
    r"against|versus|vs|(?:up|down) on|compared (?:with|to)|"
    r"in comparison (?:with|to)|relative to|than|"
    r"compare (?:it |that )?(?:with|to)|as opposed to|compare(?:d)?"
)
#: Follow-ups that tell what to do with the figure before.
AGAIN = (
    r"(?:now )?(?:narrow|restrict|limit|zoom|filter|break|split|slice|group|make|change|"
    r"switch|repeat|do|"
    r"show)(?: (?:it|that|this|them|those|these|the same|down|in|to|on|only|again|out|up))+|"
    r"split(?= (?:by|per|into|it)\b)"
)
FOLLOW = (
    r"and|what about|how about|same|only|now|but|instead|also|then|ok|okay|just|same for|"
    r"show that|(?:show|give) (?:me |us )?(?:the same|that|this)|the same"
)
