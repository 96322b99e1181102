"""Whether a rule fits what a customer said. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Rule:
    """A supervisor's rule. An empty condition always fits; of `words` one is enough."""

    id: int
    name: str
    words: tuple[str, ...] = ()
    topic: str = ""
    language: str = ""
    customer: str = ""
    priority: int = 3
    team_id: int | None = None
    supervisor: bool = False


@dataclass(frozen=True)
class Said:
    """A customer's words, and what is known of them. `customer`: identity and addresses."""

    text: str
    topic: str = ""
    language: str = ""
    customer: tuple[str, ...] = ()


def fits(rule: Rule, said: Said) -> bool:
    if not (rule.words or rule.topic or rule.language or rule.customer):
        return False
    return (
        (not rule.topic or folded(rule.topic) == folded(said.topic))
        and (not rule.language or _is_language(rule.language, said.language))
        and (not rule.customer or any(_is_customer(rule.customer, one) for one in said.customer))
        and (not rule.words or said_one_of(rule.words, said.text))
    )


def first_fit(rules: Iterable[Rule], said: Said) -> Rule | None:
    """The first in their order."""
    return next((rule for rule in rules if fits(rule, said)), None)


def said_one_of(words: Iterable[str], text: str) -> bool:
    """Whole words and phrases; a star stands for any letters; case and accents do not matter."""
    plain = folded(text)
    return any(pattern.search(plain) for pattern in map(_pattern, words) if pattern)


def says_something(word: str) -> bool:
    """Whether anything is left of it to look for: a star alone would fit every message."""
    return _pattern(word) is not None


def folded(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in spread if not unicodedata.combining(c)).strip()


@lru_cache(maxsize=2_000)
def _pattern(word: str) -> re.Pattern[str] | None:
    parts = re.findall(r"[\w*]+", folded(word))
    if not any(part.strip("*_") for part in parts):
        return None
    said = [r"\w*".join(re.escape(piece) for piece in part.split("*")) for part in parts]
    return re.compile(r"(?<!\w)" + r"\W+".join(said) + r"(?!\w)")


def _is_language(wanted: str, given: str) -> bool:
    """`pt` is also said by `pt-BR`."""
    wanted, given = wanted.casefold(), given.casefold()
    return given == wanted or given.startswith(f"{wanted}-")


def _is_customer(wanted: str, known: str) -> bool:
    wanted, known = wanted.strip().casefold(), known.casefold()
    return known.endswith(wanted) if wanted.startswith("@") else known == wanted
