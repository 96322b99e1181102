"""One word for what people call by many: questions and phrases are both written in these. Pure."""

import re
from collections.abc import Collection

SAME: dict[str, str] = {
    "assistant": "bot|ai|chatbot|robot|machine|virtual assistant|ai assistant|support bot",
    "a person": "an agent|an employee|a human|a human agent|a colleague|a representative|a rep|"
    "somebody|someone|a member of staff|a staff member|a support agent|a real person|a live agent|"
    "a clerk|an adviser|an advisor|a caseworker|a human being|a human colleague|an actual person|"
    "an actual human|a team member|an operator",
    "person": "human|human being|human agent|real person",
    "agent": "employee|representative|rep|staff member|member of staff|support agent|live agent|"
    "operator|team member|clerk|adviser|advisor|caseworker",
    "agents": "employees|representatives|reps|support staff|operators|staff members|team members|"
    "support agents|clerks|advisers|advisors|caseworkers",
    "people": "humans|staff|human agents",
    "customers": "folks|punters|shoppers|buyers|clients|patrons",
    "customer": "client|shopper",
    "conversation": "chat|ticket|case|dialogue|enquiry|inquiry|dialog|issue",
    "conversations": "chats|tickets|cases|dialogues|enquiries|inquiries|dialogs|issues",
    "articles": "help articles|help pages|help texts|support articles|kb articles|faq articles|"
    "knowledge base articles|help centre articles|help center articles|help docs|articles of ours",
    "article": "help article|help page|help text|support article|kb article|faq article|"
    "knowledge base article|help centre article|help center article|help doc",
    "contacted us": "got in touch with us|got in touch|been in touch|were in touch",
    "contact us": "get in touch with us|get in touch|getting in touch with us|getting in touch",
    "reviewed": "checked|audited|inspected|qa'd|qaed|quality-checked|quality checked|spot-checked|"
    "double-checked|vetted",
    "reviewers": "auditors|qa team|quality team|checkers|qa people",
    "silent": "quiet",
    "wrong": "incorrect|false|mistaken|erroneous|inaccurate",
    "handed over": "escalated|transferred|forwarded|referred|passed on|handed off|passed over",
    "hand-overs": "transfers|handoffs|hand-offs|handovers|hand overs",
    "satisfaction": "happiness|contentment",
    "without a person": "on its own|by itself|on their own|unaided|without human help|"
    "without help|without a human|without people|without an agent|without agents|"
    "with no human|with no person|with no people|with no agent|with no human help|with no agents",
    "until": "till|til",
    "help centre": "help center|knowledge base|faq",
}
#: What a trade calls its customers. Some tell them from others ("guests" without an account), so
#: that reading them as customers is said.
CALLED = {
    f"{one}{'s' if many == 'customers' else ''}": many
    for many in ("customers", "customer")
    for one in ("guest", "citizen", "passenger", "policyholder", "taxpayer")
}
_SAME = {phrase: word for word, every in SAME.items() for phrase in every.split("|")}
_EVERY = re.compile(
    rf"(?<![\w-])(?:{'|'.join(sorted(map(re.escape, _SAME), key=len, reverse=True))})(?![\w-])"
)


def plain(text: str) -> str:
    """The text with one word for what people call by many."""
    return _EVERY.sub(lambda match: _SAME[match.group()], text)


def as_customers(text: str, names: Collection[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The text with what a trade calls its customers read as such, and what was read so; words of
    `names` on record mean those."""
    told = [word for word in CALLED if word not in names]
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(told)})(?![\w-])") if told else None
    if pattern is None or not (found := pattern.findall(text)):
        return text, ()
    pairs = tuple((word, CALLED[word]) for word in dict.fromkeys(found))
    return pattern.sub(lambda match: CALLED[match.group()], text), pairs
