"""Quantities: a number with its unit and what it bounds ("within 30 days", "from €50").

Pure. Two sentences can have the same numbers and say different things; these are compared instead.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
_TEENS = "fifteen sixteen seventeen eighteen nineteen"
NUMBER_WORDS = {word: value for value, word in enumerate((_ONES + _TEENS).split())} | {
    word: 10 * value
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_SMALL = "|".join(sorted(NUMBER_WORDS, key=len, reverse=True))
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_IN_WORDS = re.compile(
    rf"\b(?:(?P<tens>{_TENS})[- ](?P<ones>one|two|three|four|five|six|seven|eight|nine)"
    r"|(?P<more>a|one|two|three|four|five|six|seven|eight|nine) (?P<power>hundred|thousand)"
    rf"|(?P<word>{_SMALL}))\b",
    re.IGNORECASE,
)
_UNITS = {
    "second": "second seconds sec secs", "minute": "minute minutes min mins",
    "hour": "hour hours hr hrs h", "day": "day days", "week": "week weeks",
    "month": "month months", "year": "year years yr yrs",
    "eur": "€ eur euro euros", "usd": "$ usd dollar dollars", "gbp": "£ gbp pound pounds",
    "percent": "% percent", "celsius": "°c celsius", "fahrenheit": "°f fahrenheit",
    "ml": "ml millilitre millilitres milliliter milliliters", "cl": "cl",
    "l": "l litre litres liter liters", "g": "g gram grams gramme grammes",
    "kg": "kg kilo kilos kilogram kilograms", "mg": "mg", "mm": "mm millimetre millimetres",
    "cm": "cm centimetre centimetres centimeter centimeters", "m": "m metre metres meter meters",
    "km": "km kilometre kilometres kilometer kilometers", "w": "w watt watts", "kw": "kw",
    "v": "v volt volts", "kb": "kb", "mb": "mb", "gb": "gb", "tb": "tb", "inch": "inch inches",
    "time": "times", "point": "points", "item": "items", "piece": "pieces", "digit": "digits",
}  # fmt: skip
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_ANY_UNIT = "|".join(re.escape(word) for word in sorted(_UNIT_OF, key=len, reverse=True))
_NUMBER = r"\d+(?:[.,:]\d+)*"
_QUANTITY = re.compile(
    rf"(?P<before>[€$£]\s?)?(?P<number>{_NUMBER})"
    rf"(?P<range>(?:\s?(?:-|–|to|and|or)\s?[€$£]?{_NUMBER})?)"
    r"(?:\s?|-)(?:(?:working|business|calendar|full|whole|more|extra|of|the|euro)\s){0,2}"
    rf"(?P<unit>(?:{_ANY_UNIT})(?![^\W_]))?",
    re.IGNORECASE,
)
_BOUNDS = {
    "upper": "within|up to|at most|no (?:later|more) than|maximum(?: of)?|until|under|less than",
    "lower": "after|at least|more than|over|from|minimum(?: of)?|starting at|above",
    "before": "before|ahead of|prior to",
}
_BOUND = {
    name: re.compile(rf"\b(?:{words})(?:\s(?:the|a|an|your|about))?\s*[€$£]?\s*$", re.IGNORECASE)
    for name, words in _BOUNDS.items()
}


@dataclass(frozen=True)
class Quantity:
    """`unit` and `bound` are empty where none is said."""

    number: str
    unit: str = ""
    bound: str = ""

    def within(self, others: Sequence["Quantity"]) -> bool:
        """Whether one of the others says the same. What has no unit of its own may have any; a
        lower bound must be said by both."""
        return any(
            self.number == other.number
            and (not self.unit or self.unit == other.unit)
            and (self.bound == other.bound or (self.bound in ("", "upper") and not other.bound)
                 or (not self.bound and other.bound == "upper"))
            for other in others
        )  # fmt: skip


def in_figures(text: str) -> str:
    """The text with numbers in words as figures: "thirty-one days" is "31 days". A lone "one"
    stays: it is seldom a number."""

    def figure(match: re.Match[str]) -> str:
        if match["tens"]:
            return str(NUMBER_WORDS[match["tens"].lower()] + NUMBER_WORDS[match["ones"].lower()])
        if match["power"]:
            times = 1 if match["more"].lower() == "a" else NUMBER_WORDS[match["more"].lower()]
            return str(times * (100 if match["power"].lower() == "hundred" else 1000))
        word = match["word"].lower()
        rest = text[match.end() : match.end() + 40].lstrip(" -")
        if word == "one" and not _UNIT_AHEAD.match(rest):
            return match.group()
        return str(NUMBER_WORDS[word])

    return _IN_WORDS.sub(figure, text)


_UNIT_AHEAD = re.compile(rf"(?:(?:working|business|full|whole)\s)?(?:{_ANY_UNIT})(?![^\W_])", re.I)


def quantities(text: str) -> tuple[Quantity, ...]:
    """All quantities of a text, both ends of a range with its unit."""
    found = []
    text = in_figures(text)
    for match in _QUANTITY.finditer(text):
        units = [
            _UNIT_OF.get((said or "").strip().lower(), "") for said in match.group("before", "unit")
        ]
        before = text[max(0, match.start() - 40) : match.start()]
        bound = next((name for name, words in _BOUND.items() if words.search(before)), "")
        ends = [match["number"], *re.findall(_NUMBER, match["range"])]
        bound = "" if len(ends) > 1 else bound
        first, rest = units[0] or units[1], units[1] or units[0]
        found.append(Quantity(plain(ends[0]), first, bound))
        found += [Quantity(plain(number), rest, bound) for number in ends[1:]]
    return tuple(found)


def plain(raw: str) -> str:
    """A number as it is compared: "1,000" is "1000", "4.50" is "4.5"."""
    whole = re.sub(r",(?=\d{3}\b)", "", raw)
    return whole.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", whole) else whole
