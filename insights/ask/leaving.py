"""Which words may be left unread, and said to be so, without answering another question.

A question names its figure, its time and its filters; people put other words around them ("how
snappy is it, I mean, how long till the first words are on the screen?"). A word may be left out
where it cannot narrow what is counted. What may narrow refuses the question: a name, a number,
what follows a preposition ("from Berlin"), what stands before a thing that is counted ("angry
customers") or beside a word that was read ("handling time london"), what a relative clause says
("customers who cancelled"), and any strange predicate of a plain count ("how many customers
cancelled"). Where the model of figures is nearly sure of one and gives none at all next to nothing,
less is asked of a word's place (`_CERTAIN`). A place or a product that is put like a verb ("I
berlin the wait") would slip through.
Pure but for the dictionary's file.
"""

import re
from collections.abc import Callable

from insights.ask.english import common
from insights.ask.lexicon import NEGATION
from insights.ask.phrasebook import FIGURES
from insights.ask.spelling import GROUPS
from insights.ask.spelling import words as split

MOST = 3  # strange words; of those that the model of figures knows, twice as many
#: Chances of the figure from which words that the model knows count as read; for plain counts,
#: of which nearly every predicate makes another figure, it has to be surer.
SURE, VERY_SURE = 0.5, 0.9
#: From this chance of the figure on, and below that of no figure at all, words may stand nearly
#: anywhere. Of 60 questions that no figure answers, by a hand that never saw the model, none came
#: so near; of 25 with words left over that one answers, twelve (30 November 2026).
_CERTAIN, _DOUBTFUL = 0.85, 0.02
#: The same for words that the model does not know, in a whole sentence.
_NO_DOUBT, _HARDLY = 0.95, 0.01
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
    "only also still all ever once too there here then now if whether the a an our my your out "
    "off away along "
    "around back".split()
)
_DETERMINERS = frozenset("a an the our my your their his her its any some this that these".split())
_EACH = frozenset("one each every".split())
_RELATIVE = frozenset("who that which whose where".split())
_THINGS = frozenset(
    """
    customer customers people person persons user users conversation conversations question
    questions agent agents team teams article articles message messages order orders topic topics
    case cases chat chats ticket tickets request requests contact contacts buyer buyers shopper
    answer answers reply replies
    shoppers client clients visitor visitors caller callers folks employee employees rep reps staff
    colleague colleagues
    """.split()
)
_COUNTED = _THINGS | frozenset(
    """
    hand-over hand-overs escalation escalations wait waits bot
    assistant reviews review one ones
    """.split()
)
_ASKING = frozenset(
    "what how which who why where when is are was were has have had do does did".split()
)
_IS = frozenset(
    "is are was were be been being seem seems seemed feel feels felt sound sounded".split()
)
_DOES = frozenset("do does did".split())
_NEAR = 3  # words between a preposition and what it is said of: "during the night shift"
#: They ask for what is not on record, whatever figure is named beside them.
_NEVER = frozenset(
    "should will would expect expected predict forecast target goal correlate correlation name "
    "names named email address addresses phone age gender sex divide divided multiply plus minus "
    "maximum minimum hire exclude excluded excludes ignore ignored ignores omit omitted leaving "
    "aside ought acceptable tolerable "
    "limit limits gap aim targets goals less "
    "black easter christmas holiday holidays campaign season thanksgiving".split()
)


def may_leave(
    left: tuple[str, ...], *, text: str, original: str, measure: str, chance: float,
    no_figure: float, knows: Callable[[str], bool],
) -> bool:  # fmt: skip
    """Whether the figure stays the one that was asked for without the words `left`. `text` is the
    question in lower case with slips mended, `original` as it was typed; `chance` is how likely
    the whole question is about the figure, `no_figure` about none, by a model that `knows` some
    words."""
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
    certain = chance >= _CERTAIN and no_figure < _DOUBTFUL and not plain
    whole = chance >= _NO_DOUBT and no_figure < _HARDLY and bool(_ASKING.intersection(tokens))
    for word in left:
        joined = "-" in word and GROUPS.intersection(word.split("-"))  # "same-day"
        if word in _NEVER or joined or any(map(str.isdigit, word)) or _is_a_name(word, original):
            return False
    return set(left) <= set(tokens) and all(
        (certain and (_is_no_part(tokens, at) if knows(word) else _is_apart(tokens, at, whole)))
        or (
            (knows(word) or word in common()) and _stands_aside(tokens, at, strange=word in strange)
        )
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


def _is_said_of(tokens: list[str], at: int) -> bool:
    """Whether a word follows a preposition, over its articles: "from the first", "per person"."""
    before = at - 1
    while before >= 0 and tokens[before] in _DETERMINERS:
        before -= 1
    return before >= 0 and tokens[before] in _PREPOSITIONS | _EACH


def _is_no_part(tokens: list[str], at: int) -> bool:
    """Whether a word that the model knows says nothing of things that are counted: "new customers",
    "per person"."""
    said_of = tokens[at] in _COUNTED and _is_said_of(tokens, at)
    following = tokens[at + 1] if at + 1 < len(tokens) else ""
    return not (
        said_of
        or (at >= 2 and tokens[at - 1] in _IS and tokens[at - 2] in _THINGS)
        or (following in _THINGS and not tokens[at].endswith("ly"))
    )


def _is_apart(tokens: list[str], at: int, whole: bool) -> bool:
    """Whether a strange word narrows nothing: it is the verb of "did" ("why did satisfaction slip
    last month"), or stands by itself in a `whole` sentence ("how much dosh has it saved")."""
    if whole and not _describes(tokens, at) and not _is_said_of(tokens, at):
        return True
    asked = _DOES.intersection(tokens[:at]) and not _RELATIVE.intersection(tokens[1:at])
    return bool(asked) and not (_describes(tokens, at) or _is_said_of(tokens, at))


def _describes(tokens: list[str], at: int) -> bool:
    """Whether a word is said of a thing that is counted: "angry customers", "the customer was
    angry"."""
    following = tokens[at + 1] if at + 1 < len(tokens) else ""
    said_of = at >= 2 and tokens[at - 1] in _IS and tokens[at - 2] in _THINGS
    return said_of or (following in _COUNTED and not tokens[at].endswith("ly"))


def _stands_aside(tokens: list[str], at: int, *, strange: bool) -> bool:
    """Whether a word stands beside what was read, not within it."""
    following = tokens[at + 1] if at + 1 < len(tokens) else ""
    if _describes(tokens, at) or _is_said_of(tokens, at):
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
