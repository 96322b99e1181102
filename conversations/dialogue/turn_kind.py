"""What kind of turn is it, and is a search due?

Pure and fast (patterns only). English in full; in other languages courtesies and a wish for a
person are known, everything else counts as a question: nothing is brushed aside by mistake.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from conversations.dialogue import turn_phrases as phrases
from conversations.dialogue import turn_words as lexicon
from conversations.retrieval.types import HistoryTurn

LONG = 40  # words beyond which a turn is a story to be searched, whatever else stands in it
LONGEST_PHRASE = 12  # words of a whole turn that is matched from beginning to end
LONGEST_PHRASE_CHARS = 200
PART_TERMS = 3  # words that make a question of its own among several


class Kind(StrEnum):
    """A turn's kind; the order of the checks is the order of what matters most."""

    EMPTY = "empty"
    EMERGENCY = "emergency"
    PERSON = "asked_for_person"
    ABUSE = "abuse"
    COMPLAINT = "complaint"
    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    YES = "yes"
    NO = "no"
    SMALL_TALK = "small_talk"
    HELP = "help"  # "can you help me?", with nothing to search for yet
    DETAIL = "detail"  # a bare order number, name or date
    NOT_HELPED = "not_helped"  # "that didn't help", after a reply
    SEVERAL = "several"
    QUESTION = "question"


SEARCHED = frozenset({Kind.QUESTION, Kind.SEVERAL})
HANDED_OVER = frozenset({Kind.EMERGENCY, Kind.PERSON, Kind.COMPLAINT})


@dataclass(frozen=True)
class TurnKind:
    """`answers_question`: the words reply to something that the assistant asked last.

    `parts` are the single questions of SEVERAL; `self_harm` needs its own sentence; `done` is a NO
    that wants nothing more, such as "that's all".
    """

    kind: Kind
    answers_question: bool = False
    parts: tuple[str, ...] = ()
    self_harm: bool = False
    done: bool = False

    @property
    def searches(self) -> bool:
        """Whether the knowledge base should be asked."""
        return self.kind in SEARCHED

    @property
    def hands_over(self) -> bool:
        """Whether a person should take over without an attempt to answer."""
        return self.kind in HANDED_OVER


_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_GLUED = re.compile(
    r"^(hi|hello|hai|hey)(good|sir|maam|dear)|^(no|ok|okay|nothing)(thanks|thank)|bye+$"
)
_NAMED = re.compile(
    r"\b(?:name|e-?mail|address|city|company|password|zip|post ?code)\b", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[?!.])\s+|\n+|;\s+")
# A comma or "and" before it: in "can it also cover debts?" it begins nothing.
_AND_ALSO = re.compile(
    r"(?:[,.;]|\band) +(?:and +)?(?:also|plus|another thing)\b[, ]", re.IGNORECASE
)
_LEANS = re.compile(
    r"(?:and|or|(?:and |or )?(?:what|how) about)\s+(?:the|my|a|an|for|with|in|on|to|from|if)\b",
    re.IGNORECASE,
)


def classify(text: str, history: Sequence[HistoryTurn] = ()) -> TurnKind:
    """The turn's kind. Never raises; whatever is not recognised is a question."""
    text = text.strip()
    said = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    asked = _was_asked(history)
    if not said:
        return TurnKind(Kind.EMPTY)
    if urgent := _urgent(text, said):
        return urgent
    short = len(said) <= LONGEST_PHRASE and len(text) <= LONGEST_PHRASE_CHARS
    if short and (phrase := _phrase(text, history, asked)):
        return phrase
    if courtesy := _courtesy(said, text):
        return TurnKind(courtesy, answers_question=asked)
    if short and (formula := _formula(text, said, asked)):
        return formula
    if _is_detail(text, said, bool(history)):
        return TurnKind(Kind.DETAIL, answers_question=asked)
    parts = _questions(text, said)
    return TurnKind(Kind.SEVERAL, parts=parts) if parts else TurnKind(Kind.QUESTION)


def _urgent(text: str, said: Sequence[str]) -> TurnKind | None:
    """Danger first, at any length; the rest only where the turn is not a long story."""
    if lexicon.SELF_HARM.search(text):
        return TurnKind(Kind.EMERGENCY, self_harm=True)
    if lexicon.DANGER.search(text) and len(said) <= LONG:
        return TurnKind(Kind.EMERGENCY)
    if len(said) > LONG:
        return None
    if lexicon.PERSON.search(text) and not lexicon.NOT_PERSON.search(text):
        return TurnKind(Kind.PERSON)
    if lexicon.ABUSE.search(text) and not ("?" in text and len(said) > 6):
        return TurnKind(Kind.ABUSE)
    is_question = "?" in text or bool(lexicon.QUESTION_START.match(text))
    if lexicon.COMPLAINT.search(text) and not is_question:
        return TurnKind(Kind.COMPLAINT)
    return None


def _phrase(text: str, history: Sequence[HistoryTurn], asked: bool) -> TurnKind | None:
    """Whole turns that their single words would mislead about; some only after a reply."""
    replied = bool(history) and history[-1].role != "user"
    if replied and phrases.NOT_HELPED.fullmatch(text):
        return TurnKind(Kind.NOT_HELPED, answers_question=asked)
    if asked and phrases.YES.fullmatch(text):
        return TurnKind(Kind.YES, answers_question=True)
    if asked and phrases.NO.fullmatch(text):
        return TurnKind(Kind.NO, answers_question=True)
    if phrases.SOLVED.fullmatch(text):
        return TurnKind(Kind.THANKS, answers_question=asked)
    if phrases.SALUTATION.fullmatch(text):
        return TurnKind(Kind.GREETING)
    if phrases.LAUGH.fullmatch(text) or phrases.PROBE.fullmatch(text):
        return TurnKind(Kind.SMALL_TALK, answers_question=asked)
    if lexicon.ABILITY.fullmatch(text):
        return TurnKind(Kind.HELP)
    if text.lower().startswith("all ") and lexicon.DONE.fullmatch(text):
        return TurnKind(Kind.NO, answers_question=asked, done=True)
    return TurnKind(Kind.GOODBYE) if text.lower().strip(" .!") == "good night" else None


def _formula(text: str, said: Sequence[str], asked: bool) -> TurnKind | None:
    """Closings, "that is all" and small talk."""
    if lexicon.CLOSING.fullmatch(text):
        return TurnKind(Kind.GOODBYE)
    if len(said) <= 10 and lexicon.DONE.fullmatch(text):
        return TurnKind(Kind.NO, answers_question=asked, done=True)
    if lexicon.SMALL_TALK.fullmatch(text):
        return TurnKind(Kind.SMALL_TALK, answers_question=asked)
    return None


def _courtesy(said: Sequence[str], text: str) -> Kind | None:
    """A turn made of courtesies alone; a name may stand in it ("thank you, Riley")."""
    if len(said) > 14 or ("?" in text and len(said) > 2):
        return None
    words = [piece for word in said for piece in _unglue(word)]
    known = [word for word in words if _plain(word) in _KNOWN]
    strange = len(words) - len(known)
    lead = next((kind for kind, lexical in _COURTESIES if any(w in lexical for w in known)), None)
    if lead is None or strange > 1 or (strange and len(known) > 6):
        return None
    if strange and not _is_name_place(words, lead):
        return None
    if lead in (Kind.YES, Kind.NO) and any(word in _NOT_BARE for word in words):
        return None
    return lead


def _unglue(word: str) -> list[str]:
    """ "nothanks" and "higood" as two words; crowd-typed chats are full of them."""
    match = _GLUED.match(word)
    if match and match.lastindex:
        first = next(group for group in match.groups() if group)
        return [first, word[len(first) :]]
    return [word]


def _plain(word: str) -> str:
    return word.replace("'", "")


def _is_name_place(words: Sequence[str], lead: Kind) -> bool:
    """Whether the one strange word stands where a name would: first or last, no digits in it."""
    strange = next(word for word in words if _plain(word) not in _KNOWN)
    if not strange.isalpha() or strange in lexicon.VERBS or len(strange) < 2:
        return False
    if lead is Kind.YES:  # "ok refund" and "great charger" are no names
        return False
    near = words[-1] == strange or words[0] == strange
    return near and len(words) <= (3 if lead is Kind.GREETING else 6)


def _is_detail(text: str, said: Sequence[str], has_history: bool) -> bool:
    """A bare number, name, date or address: nothing is asked."""
    if "?" in text or len(said) > 16 or lexicon.QUESTION_START.match(text):
        return False
    lead = lexicon.DETAIL_LEAD.match(text)
    rest = [w.lower() for w in _WORD.findall(text[lead.end() - 1 :])] if lead else said
    if any(word in lexicon.VERBS for word in rest):
        return False
    digits = sum(any(c.isdigit() for c in word) for word in said)
    if lead and (digits or (has_history and _NAMED.search(text))):
        return True
    if "@" in text and len(said) <= 6:
        return True
    if len(said) == 1:
        return digits == 1 and sum(c.isdigit() for c in said[0]) >= 4
    return has_history and digits > 0 and len(said) <= 3 + 3 * digits


def _questions(text: str, said: Sequence[str]) -> tuple[str, ...]:
    """The single questions, where two to four stand in one turn of ordinary length."""
    if len(said) > LONG:
        return ()
    pieces = [piece for part in _SENTENCE.split(text) for piece in _AND_ALSO.split(part)]
    asked = [
        piece.strip()
        for piece in pieces
        if len(_WORD.findall(piece)) >= PART_TERMS
        and (piece.rstrip().endswith("?") or lexicon.QUESTION_START.match(piece))
    ]
    told_apart = list(dict.fromkeys(piece for piece in asked if not _repeats(piece, asked)))
    if any(_LEANS.match(piece) for piece in told_apart):
        return ()  # "And the gift card?" says nothing without the question before it
    return tuple(told_apart) if 2 <= len(told_apart) <= 4 else ()


def _repeats(piece: str, pieces: Sequence[str]) -> bool:
    """Whether another, longer piece says it all: a subject line and its first sentence."""
    own = set(_WORD.findall(piece.lower()))
    return any(
        own <= set(_WORD.findall(other.lower())) and len(piece) < len(other) for other in pieces
    )


def _was_asked(history: Sequence[HistoryTurn]) -> bool:
    return bool(history) and history[-1].role != "user" and history[-1].text.rstrip().endswith("?")


_COURTESIES = (
    (Kind.THANKS, lexicon.THANKS),
    (Kind.NO, lexicon.NO),
    (Kind.GOODBYE, lexicon.GOODBYE),
    (Kind.GREETING, lexicon.GREETING),
    (Kind.YES, lexicon.YES),
)
_KNOWN = frozenset(
    _plain(word)
    for group in (lexicon.FILLER, *(words for _, words in _COURTESIES))
    for word in group
)
# "i need help", "no information", "is it good" are no bare yes or no.
_NOT_BARE = frozenset("help need information service how know waiting support have get".split())
