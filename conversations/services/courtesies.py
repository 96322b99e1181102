"""The reply to a turn that asks nothing of the articles: a courtesy, an offer, a hand-over."""

import re

from django.utils.translation import gettext

from conversations.dialogue import courtesies_abroad, facts, replies
from conversations.dialogue.memory import Memory
from conversations.dialogue.turn_kind import Kind, TurnKind, classify
from conversations.models import Escalation
from conversations.services.judgement import Judgement, LastTurn

#: The assistant offered to ask a colleague; "yes" takes it.
OFFERED = "offer_person"
#: A detail was added to a request that waits for a person.
NOTED = "noted"
WHICH_ONE = "which_one"
_FROM_ARTICLES = frozenset({"confident", "several", "chosen"})
_REFERENCE = re.compile(r"\d{5,}|@")


def without_search(kind: TurnKind, last: LastTurn, memory: Memory) -> Judgement | None:
    """The reply to a turn that asks nothing of the articles; None when a search is due."""
    name = _name(kind)
    if kind.hands_over or (kind.kind is Kind.YES and last.reason == OFFERED):
        return _hand_over(Kind.PERSON.value if kind.kind is Kind.YES else name, kind, memory)
    if kind.kind is Kind.NOT_HELPED:
        return _not_helped(kind, last, memory)
    if kind.kind is Kind.DETAIL:
        return _detail(kind, last, memory)
    if kind.kind is Kind.YES and last.action == "clarify" and last.reason != WHICH_ONE:
        reply = gettext(replies.WHICH_ONE)
        return Judgement("clarify", WHICH_ONE, reply=reply, choices=last.choices, trace=_of(kind))
    if _denies(kind, last, memory):
        return _not_helped(kind, last, memory)
    if kind.kind is Kind.YES and _replied(memory) and not kind.answers_question:
        return _say(name, replies.COURTESY["understood"], kind)
    if own := courtesies_abroad.reply(name, memory.question):
        return Judgement("answer", name, reply=own, trace=_of(kind))
    return _say(name, replies.COURTESY[name], kind) if name in replies.COURTESY else None


def before(memory: Memory) -> str:
    """The customer's last question before this turn; empty if there is none."""
    own = (said.text for said in reversed(memory.history) if said.role == "user")
    return next((text for text in own if classify(text).searches), "")


def escalation_reason(reason: str) -> str:
    """The escalation's reason code for a decision's; an unknown one counts as not sure."""
    if reason in ("emergency", "self_harm"):
        return Escalation.Reason.RISK
    return reason if reason in Escalation.Reason.values else Escalation.Reason.NOT_SURE


def _name(kind: TurnKind) -> str:
    return "self_harm" if kind.self_harm else kind.kind.value


def _hand_over(name: str, kind: TurnKind, memory: Memory) -> Judgement:
    """A complaint is asked for the order's number, unless it was given."""
    known = kind.kind is Kind.COMPLAINT and facts.has_number(memory.question, memory.facts)
    reply = gettext(replies.hand_over("complaint_with_number" if known else name))
    reason = escalation_reason(name)
    return Judgement("escalate", name, reply=reply, hand_over=reason, trace=_of(kind))


def _not_helped(kind: TurnKind, last: LastTurn, memory: Memory) -> Judgement:
    """Offer a person; who says it again gets one, and who waits for one is told so."""
    if last.waiting:
        return _say(NOTED, replies.NOTED, kind)
    if last.reason == OFFERED:
        return _hand_over("clarify_failed", kind, memory)
    return _say(OFFERED, replies.NOT_HELPED, kind)


def _detail(kind: TurnKind, last: LastTurn, memory: Memory) -> Judgement | None:
    """An order number is for a person; "size 42" belongs to the question before, if there is one,
    and is searched with it."""
    if last.waiting:
        return _say(NOTED, replies.NOTED, kind)
    if before(memory) and not _is_reference(memory):
        return None
    return _say(OFFERED, replies.OFFER_PERSON, kind)


def _is_reference(memory: Memory) -> bool:
    """Whether a detail says which order or person it is about, which no article can answer."""
    asked = memory.history[-1].text if memory.history else ""
    found = {fact.kind for fact in facts.find(memory.question, asked=asked)}
    return bool(found & {*facts.NUMBERED, "name", "email", "phone"}) or bool(
        _REFERENCE.search(memory.question)
    )


def _denies(kind: TurnKind, last: LastTurn, memory: Memory) -> bool:
    """A bare "no" to an answer that asked nothing: it was not it."""
    plain = kind.kind is Kind.NO and not (kind.done or kind.answers_question)
    return plain and last.reason in _FROM_ARTICLES and _replied(memory)


def _replied(memory: Memory) -> bool:
    return bool(memory.history) and memory.history[-1].role != "user"


def _say(reason: str, sentence: str, kind: TurnKind) -> Judgement:
    return Judgement("answer", reason, reply=gettext(sentence), trace=_of(kind))


def _of(kind: TurnKind) -> dict[str, str]:
    return {"kind": kind.kind.value}
