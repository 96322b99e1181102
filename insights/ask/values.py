"""Values of dimensions that have names of their own; the rest comes from the record."""

from insights.measures import WEEKDAYS

VALUES: dict[str, dict[str, str]] = {
    "weekday": {
        **{f"{day}s": day for day in WEEKDAYS},
        **{f"on a {day}": day for day in WEEKDAYS},
        **{f"every {day}": day for day in WEEKDAYS},
        **{f"each {day}": day for day in WEEKDAYS},
    },
    "tier": {
        "gpu": "gpu", "cpu": "cpu", "extractive": "extractive", "gpu model": "gpu",
        "cpu model": "cpu", "from the cache": "cache", "out of the cache": "cache",
    },
    "reason": {
        "asked for a person": "asked_for_person", "no article": "no_article",
        "no article was found": "no_article", "not sure": "not_sure", "unsure": "not_sure",
        "was not sure": "not_sure", "wasn't sure": "not_sure", "isn't sure": "not_sure",
        "were not sure": "not_sure", "weren't sure": "not_sure", "was uncertain": "not_sure",
        "customer was complaining": "complaint", "because the customer complained": "complaint",
        "because customers complained": "complaint",
        "uncertain": "not_sure", "wanted a person": "asked_for_person",
        "caused by a technical fault": "fault", "caused by technical faults": "fault",
        "technical faults": "fault",
        "because of a technical fault": "fault", "due to a technical fault": "fault",
        "because of technical faults": "fault", "because of a fault": "fault",
        "requested a person": "asked_for_person", "demanded a person": "asked_for_person",
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
        "e-mail": "email", "the widget": "widget", "the web": "web",
        "website widget": "widget", "web widget": "widget", "chat widget": "widget",
        "web site": "web", "site": "web",
        "api": "api", "the api": "api", "e-mails": "email",
        "emails": "email", "by mail": "email",
    },
    "decision": {
        f"{where} the assistant {did}": value
        for where in ("where", "when", "in which", "on which")
        for did, value in (("asked back", "clarify"), ("answered", "answer"),
                           ("handed over", "escalate"), ("passed on", "escalate"))
    },
    "outcome": {"still open": "open", "open": "open", "not closed": "open"},
    "topic": {},
}  # fmt: skip
WEEKEND = (
    r"(?:(?:at|on|over|during)\s+)?(?:the )?weekends|"
    r"(?:at|on|over) (?:the )?weekend(?! (?:of|before))|"
    r"(?:saturdays and sundays|saturday and sunday)"
)
WORKDAYS = (
    r"(?:on |during )?(?:the )?(?:working days|workdays|business days|working week)|"
    r"(?:on|during) (?:the )?(?:weekdays|week days)|from monday to friday|monday to friday"
)
#: Parts of a day as hours.
PARTS_OF_DAY: dict[str, tuple[int, int]] = {
    r"(?:in |at |during )?(?:the )?mornings?": (6, 12),
    r"(?:in |at |during )?(?:the )?afternoons?": (12, 18),
    r"(?:in |at |during )?(?:the )?evenings?": (18, 24),
    r"(?:in |at |during )?(?:the |over )?nights?|overnight": (0, 6),
}
