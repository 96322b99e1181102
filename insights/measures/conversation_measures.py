"""Measures that count conversations: volume, automation, outcomes, service."""

from django.utils.translation import gettext_lazy as _

from insights.measures.definition import Direction, Grain, Measure, Text

REAL = "outcome <> 'empty'"
SETTLED = "outcome NOT IN ('empty', 'open')"
INVOLVED = "answers > 0"
CONFIRMED = "outcome = 'confirmed'"
MAYBE = "outcome IN ('confirmed', 'silent')"
_BY_PEOPLE = frozenset({"agent", "team", "reason"})

#: What savings are matched with: confirmed, silent, come back, and served by a person.
MATCHED: tuple[str, ...] = (
    f"count(*) FILTER (WHERE {INVOLVED} AND {CONFIRMED})",
    f"count(*) FILTER (WHERE {INVOLVED} AND outcome = 'silent')",
    f"count(*) FILTER (WHERE {INVOLVED} AND outcome = 'recontacted' AND NOT escalated)",
    "count(*) FILTER (WHERE served AND agent_s > 0)",
)


def _of(key: str, state: str, name: Text, meaning: Text, direction: Direction) -> Measure:
    return Measure(
        key, name, _("conversations with this outcome ÷ settled conversations"), meaning,
        Grain.CONVERSATION, "ratio", "share", direction, f"outcome = '{state}'", SETTLED,
        exclude=frozenset({"outcome"}),
    )  # fmt: skip


MEASURES: tuple[Measure, ...] = (
    Measure(
        "conversations", _("conversations"), _("conversations in which a customer wrote"),
        _("How much comes in."), Grain.CONVERSATION, "count", "count", "none", REAL, minimum=0,
    ),
    Measure(
        "people", _("people"), _("different known customers who wrote"),
        _("Volume by person; customers without a signed identity cannot be told apart."),
        Grain.CONVERSATION, "distinct", "count", "none", f"{REAL} AND person IS NOT NULL",
        value="person", minimum=0,
    ),
    Measure(
        "automation", _("automation (at least)"),
        _("settled conversations that the assistant answered and the customer confirmed, with "
          "no person and no return within 7 days ÷ settled conversations"),
        _("The lower bound: what is proved. Involvement × resolution."), Grain.CONVERSATION,
        "ratio", "share", "up", f"{INVOLVED} AND {CONFIRMED}", SETTLED,
    ),
    Measure(
        "automation_upper", _("automation (at most)"),
        _("as automation, with those who left without a word ÷ settled conversations"),
        _("The upper bound: if every silent customer was served."), Grain.CONVERSATION, "ratio",
        "share", "up", f"{INVOLVED} AND {MAYBE}", SETTLED,
    ),
    Measure(
        "involvement", _("involvement"),
        _("settled conversations with at least one answer from articles ÷ settled conversations"),
        _("How often the assistant had something to say."), Grain.CONVERSATION, "ratio", "share",
        "up", INVOLVED, SETTLED,
    ),
    Measure(
        "resolution", _("resolution (at least)"),
        _("confirmed ÷ settled conversations in which the assistant answered"),
        _("Of those it answered, how many say that it helped."), Grain.CONVERSATION, "ratio",
        "share", "up", CONFIRMED, f"{SETTLED} AND {INVOLVED}",
    ),
    Measure(
        "resolution_upper", _("resolution (at most)"),
        _("confirmed or silent ÷ settled conversations in which the assistant answered"),
        _("The upper bound of resolution."), Grain.CONVERSATION, "ratio", "share", "up", MAYBE,
        f"{SETTLED} AND {INVOLVED}",
    ),
    Measure(
        "containment", _("containment"),
        _("settled conversations that were never handed over ÷ settled conversations"),
        _("Kept away from people; says nothing about success."), Grain.CONVERSATION, "ratio",
        "share", "none", "NOT escalated", SETTLED, exclude=_BY_PEOPLE,
    ),
    Measure(
        "escalation_rate", _("escalation rate"),
        _("conversations that were handed over ÷ conversations"),
        _("How often a person was needed."), Grain.CONVERSATION, "ratio", "share", "down",
        "escalated", REAL, exclude=_BY_PEOPLE,
    ),
    _of("confirmed_share", "confirmed", _("confirmed by the customer"),
        _("The customer said that it helped, and did not come back."), "up"),
    _of("silent_share", "silent", _("left without a word"),
        _("Nobody knows. Never counted as solved."), "none"),
    _of("rejected_share", "rejected", _("customer said no"),
        _("The last word of the customer was a thumb down or a no."), "down"),
    _of("human_resolved_share", "human_resolved", _("resolved by a person"),
        _("A person closed it and the customer did not come back."), "none"),
    _of("unserved_share", "unserved", _("handed over, not resolved"),
        _("Handed over, and nobody resolved it."), "down"),
    Measure(
        "recontact_rate", _("re-contact within 7 days"),
        _("settled conversations whose customer wrote again on the same topic within 7 days ÷ "
          "settled conversations of known customers"),
        _("A success that was none. The last 7 days are still open."), Grain.CONVERSATION,
        "ratio", "share", "down", "recontact_at IS NOT NULL", f"{SETTLED} AND person IS NOT NULL",
    ),
    Measure(
        "first_response_time", _("first response time"),
        _("median of first word from assistant or agent − customer's first message"),
        _("How long a customer waits for any reply."), Grain.CONVERSATION, "percentile",
        "seconds", "down", REAL, value="first_response_s",
    ),
    Measure(
        "first_response_p95", _("first response time, 95th percentile"),
        _("95 of 100 customers had their first reply within this time"),
        _("What the unlucky ones wait."), Grain.CONVERSATION, "percentile", "seconds", "down",
        REAL, value="first_response_s", quantile=0.95, minimum=50,
    ),
    Measure(
        "resolution_time", _("resolution time"),
        _("median of the last word − the first, over confirmed and human-resolved conversations"),
        _("How long until it was over."), Grain.CONVERSATION, "percentile", "seconds", "down",
        "outcome IN ('confirmed', 'human_resolved')", value="resolution_s",
    ),
    Measure(
        "messages_per_conversation", _("messages a conversation"),
        _("messages ÷ conversations"), _("Effort on both sides."), Grain.CONVERSATION, "mean",
        "score", "down", REAL, value="messages",
    ),
    Measure(
        "csat", _("customer satisfaction"), _("mean of the scores 1 to 5 in surveys"),
        _("Asked after a person resolved."), Grain.CONVERSATION, "mean", "score", "up",
        "csat IS NOT NULL", value="csat",
    ),
    Measure(
        "agent_time", _("agents' time"), _("sum of the time from claim to end"),
        _("Clock time with a person; agents handle several at once."), Grain.CONVERSATION, "sum",
        "seconds", "down", "agent_s > 0", value="agent_s", minimum=0,
    ),
    Measure(
        "cost_per_conversation", _("cost a conversation"),
        _("agents' time ÷ conversations at once × cost of an hour ÷ conversations"),
        _("People's time only; hosting stands in the savings."), Grain.CONVERSATION, "money",
        "money", "down", "agent_s > 0", REAL, value="agent_s",
    ),
)  # fmt: skip
