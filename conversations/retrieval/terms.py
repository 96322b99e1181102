"""Words of a text as search terms: lower case, no accents, a light English stem, no function words.

Pure and fast (a dictionary look-up per word). Words in other scripts and languages pass unstemmed.
"""

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_VOWEL = re.compile("[aeiouy]")

FUNCTION_WORDS = frozenset(
    """
    a about all also am an and any are as at be been being but by can could d did do does doesn
    doing don done for from get got had has have having he hello help hey hi how i id if ill im in
    into is isn it its ive just know let like ll m may me might mine must my myself need no not of
    ok okay on or our ours out please re really s shall she should so some t tell than thank thanks
    that thats the their them then there these they this those to too us ve very want wanna was we
    well were what whats when where which who whom why will with would yes you your yours
    arent cant couldnt didnt doesnt dont hadnt hasnt havent isnt shouldnt wasnt wont wouldnt hows
    um umm ummm uh uhh hmm
    """.split()
)


def words(text: str) -> list[str]:
    """Lower-case words without accents, in order."""
    plain = text.lower()
    if not plain.isascii():
        decomposed = unicodedata.normalize("NFKD", plain)
        plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return [word.replace("’", "'") for word in _WORD.findall(plain)]


def terms(text: str) -> list[str]:
    """Stemmed words that carry meaning, in order, repeats kept."""
    return [term for term in map(_term, words(text)) if term]


@lru_cache(maxsize=200_000)
def _term(word: str) -> str:
    bare = word.replace("'", "")
    if word in FUNCTION_WORDS or bare in FUNCTION_WORDS:
        return ""
    return stem(word.removesuffix("'s").replace("'", ""))


def stem(word: str) -> str:
    """A light English stem: plural, -ed, -ing, -ly and a few noun endings. Never empty."""
    if len(word) <= 3 or not word.isascii() or word[-1].isdigit():
        return word
    word = _without_verb_ending(_singular(word))
    if word.endswith("ly") and len(word) > 5:
        word = word[:-2]
    for ending in ("ation", "ment", "ion", "er", "ance"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
            break
    if word.endswith("e") and len(word) > 3:
        word = word[:-1]
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 else word


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("es") and len(word) > 4 and word[-3] in "sxzh":
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _without_verb_ending(word: str) -> str:
    for ending in ("ing", "ed"):
        base = word[: -len(ending)]
        if word.endswith(ending) and len(base) >= 3 and _VOWEL.search(base):
            doubled = len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lsz"
            return base[:-1] if doubled else base
    return word


@lru_cache(maxsize=50_000)
def trigrams(word: str) -> frozenset[str]:
    """The word's character trigrams, with its ends marked."""
    marked = f"^{word}$"
    return frozenset(marked[i : i + 3] for i in range(len(marked) - 2)) or frozenset({marked})


def similarity(left: str, right: str) -> float:
    """Dice similarity of two words' trigrams, 0..1; 1 only where they are equal."""
    if left == right:
        return 1.0
    a, b = trigrams(left), trigrams(right)
    return 2 * len(a & b) / (len(a) + len(b))
