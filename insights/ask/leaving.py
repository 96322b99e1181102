"""Which words may be left unread, and said to be so, without answering another question.

A question names its figure, its time and its filters; people put other words around them ("how
snappy is it, I mean, how long till the first words are on the screen?"). A word may be left out
where it cannot narrow what is counted. What may narrow refuses the question: a name, a number,
what follows a preposition ("from Berlin"), what stands before a thing that is counted ("angry
customers") or beside a word that was read ("handling time london"), what a relative clause says
("customers who cancelled"), and any strange predicate of a plain count ("how many customers
cancelled"). A place or a product that is put like a verb ("I berlin the wait") would slip through.
Pure but for the dictionary's file.
"""

import re
from collections.abc import Callable

from insights.ask.english import common
from insights.ask.lexicon import NEGATION
from insights.ask.phrasebook import FIGURES
from insights.ask.spelling import words as split

MOST = 3  # strange words; of those that the model of figures knows, twice as many
#: Chances of the figure from which words that the model knows count as read; for plain counts,
#: of which nearly every predicate makes another figure, it has to be surer.
SURE, VERY_SURE = 0.5, 0.9
_PLAIN_COUNTS = ("", "conversations", "people", "questions", "escalations")
#: Figures that say by themselves that something did not happen.
_DENYING = (
    "containment", "unserved_share", "rejected_share", "silent_share", "knowledge_gaps", "gap_rate",
    "automation", "automation_upper",
)  # fmt: skip
_DENIALS = frozenset("never no nothing nobody don't didn't doesn't won't can't".split())
_EXCLUSIONS = frozenset(NEGATION.split("|")) - _DENIALS
_PREPOSITIONS = frozenset(
    "in from for with about by via on at over under per than of into like between among during "
    "above below beyond towards against using".split()
)
#: Words that hold a sentence together; a strange word may stand between two of these only.
_FUNCTION = frozenset(
    "i we you it they he she me us them is are was were be been being am do does did have "
    "has had can "
    "could would may might must how what when why and or but so that to not just really very quite "
    "only also still all ever once too there here then now if whether the a an our my your".split()
)
_DETERMINERS = frozenset("a an the our my your their his her its any some this that these".split())
_RELATIVE = frozenset("who that which whose where".split())
_COUNTED = frozenset(
    """
    customer customers people person user users conversation conversations question
    questions answer answers reply replies agent agents team teams article articles
    hand-over hand-overs escalation escalations message messages order orders topic topics
    wait waits case cases chat chats ticket tickets request requests contact contacts bot
    assistant reviews review one ones
    """.split()
)
_NEAR = 3  # words between a preposition and what it is said of: "during the night shift"
#: They ask for what is not on record, whatever figure is named beside them.
_NEVER = frozenset(
    "should will would expect expected predict forecast target goal correlate correlation name "
    "names named email address addresses phone age gender sex divide divided multiply plus minus "
    "maximum minimum hire exclude excluded excludes ignore ignored ignores omit omitted".split()
)


def may_leave(
    left: tuple[str, ...], *, text: str, original: str, measure: str, chance: float,
    knows: Callable[[str], bool],
) -> bool:  # fmt: skip
    """Whether the figure stays the one that was asked for without the words `left`. `text` is the
    question in lower case with slips mended, `original` as it was typed; `chance` is how likely
    the whole question is about the figure, by a model that `knows` some words."""
    plain = measure in _PLAIN_COUNTS
    strange = [word for word in left if not knows(word)]
    if len(strange) > MOST or len(left) > 2 * MOST or (plain and strange):
        return False
    denied = _DENIALS.intersection(left) and (measure not in _DENYING or chance < SURE)
    if denied or _EXCLUSIONS.intersection(left) or _names_another(left, measure):
        return False
    if len(strange) < len(left) and chance < (VERY_SURE if plain else SURE):
        return False
    tokens = split(text)
    for word in left:
        if word in _NEVER or any(letter.isdigit() for letter in word) or _is_a_name(word, original):
            return False
    return set(left) <= set(tokens) and all(
        (knows(word) or word in common()) and _stands_aside(tokens, at, strange=word in strange)
        for word in left
        for at, token in enumerate(tokens)
        if token == word
    )


def _names_another(left: tuple[str, ...], measure: str) -> bool:
    """Whether a word that is left names another figure by itself: "satisfaction"."""
    found = (FIGURES.meanings.get(word, measure) for word in left)
    return any(key not in (measure, *_PLAIN_COUNTS) for key in found)


def _is_a_name(word: str, original: str) -> bool:
    """Whether a word was written as a name: with a capital inside the question, or owning."""
    owns = re.search(rf"(?i)(?<!\w){re.escape(word)}['’]s?(?!\w)", original)
    forms = rf"(?:{re.escape(word.capitalize())}|{re.escape(word.upper())})"
    capital = re.search(rf"(?<=[\w,;:] ){forms}(?!\w)", original)
    return bool(owns or capital)


def _stands_aside(tokens: list[str], at: int, *, strange: bool) -> bool:
    """Whether a word stands beside what was read, not within it."""
    following = tokens[at + 1] if at + 1 < len(tokens) else ""
    if following in _COUNTED and not tokens[at].endswith("ly"):
        return False
    before = at - 1
    while before >= 0 and tokens[before] in _DETERMINERS:
        before -= 1
    if before >= 0 and tokens[before] in _PREPOSITIONS:
        return False
    if _RELATIVE.intersection(tokens[1:at]):
        return False
    if not strange:
        return True
    if at == 0 or following == "of":
        return False  # "wipe the wrong answers", "the transcripts of the rejected ones"
    if tokens[at - 1] not in _FUNCTION or (following and following not in _FUNCTION):
        return False  # "handling time london last month"
    near = _PREPOSITIONS.intersection(tokens[max(0, at - _NEAR) : at])
    return not near
