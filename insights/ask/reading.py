"""What a question became: a plan, a question back, or a refusal with its reason. Pure values."""

from dataclasses import dataclass, field
from typing import Literal

from insights.figures.plan import Plan

Why = Literal[
    "empty", "unknown", "measure", "dimension", "future", "negation", "words", "two", "date"
]


@dataclass(frozen=True)
class Understood:
    """A checked plan, what was mended on the way, and the words that were left `unread`: all of
    it is said in the answer."""

    plan: Plan
    mended: tuple[tuple[str, str], ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class AskBack:
    """Several figures could be meant; each choice is a plan of its own."""

    choices: tuple[Plan, ...]
    words: str


@dataclass(frozen=True)
class Refused:
    """No plan. `words` are those of the question that nobody here understands; `without` is what
    would be counted if they were left out, to be opened by the reader and never by itself."""

    why: Why
    words: tuple[str, ...] = ()
    detail: str = ""
    without: Plan | None = None


Reading = Understood | AskBack | Refused


@dataclass(frozen=True)
class Vocabulary:
    """Names of values that the record holds: dimension → phrase → value."""

    values: dict[str, dict[str, str]] = field(default_factory=dict)
