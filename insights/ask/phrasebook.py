"""What people say for each figure: the phrases in `phrases/`, read once."""

from functools import lru_cache
from pathlib import Path

from conversations.retrieval.terms import stem
from insights.ask.scan import Phrases
from insights.ask.spelling import words as split
from insights.ask.synonyms import plain
from insights.ask.tidying import bare

_FOLDER = Path(__file__).parent / "phrases"
_OPPOSITE = "~"


def _written() -> dict[str, str]:
    """phrase → figure, as the files have them."""
    found: dict[str, str] = {}
    for path in sorted(_FOLDER.glob("*.txt")):
        key = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("#") or not line.strip():
                continue
            if not line.startswith(" "):
                key, _colon, line = line.partition(":")
            found |= {part: key for phrase in line.split("|") if (part := bare(phrase.strip()))}
    return found


_WRITTEN = _written()
#: Phrases that say the opposite of their figure: "broken promises" for the promises kept.
OPPOSITE = frozenset(plain(p[1:]) for p in _WRITTEN if p.startswith(_OPPOSITE))
FIGURES = Phrases({plain(p.removeprefix(_OPPOSITE)): key for p, key in _WRITTEN.items()})
#: Figures that count everything: they give way to any other that is named; and so do the
#: numbers of hand-overs and of reviews to what is told of them: "handed over and never solved".
VOLUME = ("conversations", "people", "questions")
COUNTS_ALL = FIGURES.only(lambda _phrase, key: key in VOLUME)
HAND_OVERS = FIGURES.only(lambda _phrase, key: key == "escalations")
COUNTS_SOME = FIGURES.only(lambda _phrase, key: key in ("escalations", "reviews"))
LONG_COUNTS_SOME = COUNTS_SOME.only(lambda phrase, _key: " " in phrase)
OTHERS = FIGURES.only(lambda _phrase, key: key not in (*VOLUME, "escalations", "reviews"))
LONG_BUT_ANSWERS = OTHERS.only(lambda phrase, key: " " in phrase and key != "answer_rate")
#: Figures of replies that can be told apart by what wrote them.
BY_TIER = OTHERS.only(
    lambda _phrase, key: key in (
        "helpful_rate", "wrong_rate", "tokens_per_reply", "first_token_time", "first_token_p95",
        "reply_time", "reply_p95",
    )
)  # fmt: skip
LONG_OTHERS = OTHERS.only(lambda phrase, _key: " " in phrase)


def of(key: str) -> Phrases:
    """The phrases of one figure."""
    return _BY_KEY.get(key, _NONE)


def _of(wanted: str) -> Phrases:
    return FIGURES.only(lambda _phrase, key: key == wanted)


_NONE = Phrases({})
_BY_KEY = {key: _of(key) for key in set(_WRITTEN.values())}


@lru_cache(maxsize=64)
def roots(key: str) -> frozenset[str]:
    """The roots of all words that people use for one figure."""
    return frozenset(stem(word) for phrase in of(key).ordered for word in split(phrase))
