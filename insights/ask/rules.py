"""The rule grammar: a question in English becomes a plan, a question back, or a refusal.

Nothing is guessed: a word that may narrow the figure and is not understood refuses the question,
because leaving it out would answer another one (`leaving`). Pure but for the model's file: today
and the names of values come in.
"""

from dataclasses import replace
from datetime import date

from insights.ask import words
from insights.ask.choosing import choose
from insights.ask.lexicon import NEGATION
from insights.ask.likeness import shipped
from insights.ask.parts import Parts
from insights.ask.planning import plan_of
from insights.ask.reading import AskBack, Reading, Refused, Understood, Vocabulary
from insights.ask.scan import compiled
from insights.ask.spans import Future, NoSuchDay
from insights.ask.spelling import words as split
from insights.figures.plan import BadPlan, Plan
from insights.measures import MEASURES

MOST_CHARS = 400
_SPEED = next(every for every in words.AMBIGUOUS if every.startswith("speed"))
_QUALITY = next(every for every in words.AMBIGUOUS if every.startswith("errors"))


def read(
    text: str, *, vocabulary: Vocabulary, today: date, previous: Plan | None = None
) -> Reading:
    """Read a question; `previous` is the plan of the one before it in the thread."""
    if not text.strip() or not split(text):
        return Refused("empty")
    if len(text) > MOST_CHARS:
        return Refused("words", detail="too_long")
    try:
        parts = choose(text, vocabulary, today, shipped(), follows=previous is not None)
    except (Future, NoSuchDay) as error:
        return Refused("future" if isinstance(error, Future) else "date")
    return _planned(parts, today, previous)


def _planned(parts: Parts, today: date, previous: Plan | None) -> Reading:
    """The checked plan of what was found, or why there is none."""
    if parts.left:
        return _not_understood(parts, today, previous)
    if previous is not None and not parts.measure:
        _same_figure(parts, previous)
    goes_on = parts.follows or (previous is not None and parts.ambiguous in ("best", "worst"))
    if not parts.measure and parts.ambiguous and not goes_on:
        return _ask_back(parts, today)
    try:
        plan = plan_of(parts, today, previous)
        if plan is None:
            return Refused("measure")
        if parts.speed and not _is_time(plan):
            return _ask_back(replace(parts, ambiguous=_SPEED), today)
        if parts.ambiguous in ("best", "worst") and _is_neutral(plan):
            return _ask_back(replace(parts, ambiguous=_QUALITY), today)
        return Understood(plan, parts.mended, parts.unread)
    except BadPlan as error:
        return Refused("dimension", detail=error.detail)


def _same_figure(parts: Parts, previous: Plan) -> None:
    """ "Which one is the most expensive?" after a cost goes on with that cost."""
    dear = compiled(r"(?:more |most |least |less )?(?:expensive|costly|cheap)").search(parts.text)
    if dear and parts.order and previous.measure in words.AMBIGUOUS.get(parts.ambiguous, ()):
        parts.measure, parts.ambiguous, parts.follows = previous.measure, "", True


def _not_understood(parts: Parts, today: date, previous: Plan | None) -> Refused:
    """The words that were not understood, and what the question says without them. Leaving out a
    "not" would say the contrary, and an order is no question: nothing is offered then."""
    if any(word in NEGATION.split("|") for word in parts.left):
        return Refused("negation", parts.left)
    try:
        plan = None if parts.unmet else plan_of(parts, today, previous)
    except BadPlan:
        plan = None
    return Refused("unknown", parts.left, without=plan)


def _is_time(plan: Plan) -> bool:
    """Whether "slowest" and "longest" can be said of it: a time, a conversation's length."""
    return plan.measure == "messages_per_conversation" or (
        plan.measure in MEASURES and MEASURES[plan.measure].unit in ("seconds", "ms")
    )


def _is_neutral(plan: Plan) -> bool:
    """Whether neither more nor less of a figure is good: "best" then says nothing."""
    return plan.measure in MEASURES and MEASURES[plan.measure].direction == "none"


def _ask_back(parts: Parts, today: date) -> Reading:
    choices = []
    for key in words.AMBIGUOUS.get(parts.ambiguous, ()):
        try:
            plan = plan_of(replace(parts, measure=key), today, None)
        except BadPlan:
            continue
        if plan is not None:
            choices.append(plan)
    if len(choices) == 1 and not parts.left:
        return Understood(choices[0], parts.mended, parts.unread)  # the others cannot be meant
    return AskBack(tuple(choices), parts.ambiguous.split("|")[0]) if choices else Refused("measure")
