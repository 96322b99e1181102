"""Which figure a question is about where its phrases and the whole of it say different things.

The rules read phrases; the model of `likeness` reads the whole question. Where a phrase names a
figure and nothing is left over, the phrase stands, unless the model is sure of another one. Where
words are left over, the surer of both decides which figure they are held against. Pure.
"""

from dataclasses import replace
from datetime import date

from insights.ask.finding import find
from insights.ask.leaving import SURE, may_leave
from insights.ask.likeness import NONE, Likeness, as_read
from insights.ask.parts import Parts
from insights.ask.reading import Vocabulary
from insights.ask.words import AT_BEST, P95_TWIN
from insights.measures import MEASURES, allowed

#: A phrase is overruled from this chance of another figure on, if its own is below `_UNLIKELY`.
_OVERRULES, _UNLIKELY = 0.8, 0.1
#: Figures of which another one is the far end, told by a word that the model hardly weighs.
_OUTER = {**P95_TWIN, **{key: upper for key, upper in AT_BEST.items() if key != upper}}


def choose(
    text: str, vocabulary: Vocabulary, today: date, model: Likeness, *, follows: bool
) -> Parts:
    """The parts of the question with the figure decided; what could be left out stands in
    `unread`, what could not in `left`. Raises Future."""
    parts = find(text, vocabulary, today)
    goes_on = follows and not parts.measure and not parts.left
    if parts.orders or goes_on or (parts.ambiguous and not parts.left):
        return parts
    chances = {key: value for key, value in model.chances(as_read(text)).items()
               if key == NONE or key == parts.measure or _allows(key, parts)}  # fmt: skip
    likeliest = max(chances, key=lambda key: chances[key])
    chance, own = chances[likeliest], chances.get(parts.measure, 0.0)
    if _OUTER.get(likeliest) == parts.measure:
        likeliest, chance = parts.measure, max(own, chance)  # the bound was named in words
        own = chance
    stands = bool(parts.measure) and not parts.left
    if stands and (own >= _UNLIKELY or chance < _OVERRULES):
        return parts
    if likeliest != NONE and likeliest != parts.measure and chance >= max(own, SURE):
        told = find(text, vocabulary, today, measure=likeliest)
        told = _without(told, text, chance, chances.get(NONE, 0.0), model)
        return parts if told.left and stands else told
    return _without(parts, text, own, chances.get(NONE, 0.0), model)


def _allows(measure: str, parts: Parts) -> bool:
    """Whether a figure is recorded by what the question filters and groups by."""
    if measure not in MEASURES:
        return not parts.filters and not parts.group
    possible = {dimension.key for dimension in allowed(MEASURES[measure])}
    asked = {item.dimension for item in parts.filters} | {parts.group} - {"", "trend"}
    return asked <= possible


def _without(parts: Parts, text: str, chance: float, none: float, model: Likeness) -> Parts:
    """The parts with the words left over set aside, where that asks for nothing else."""
    if not parts.left or parts.unmet:
        return parts
    may = may_leave(
        parts.left, text=parts.text, original=text, measure=parts.measure, chance=chance,
        no_figure=none, knows=model.knows,
    )  # fmt: skip
    return replace(parts, left=(), unread=parts.left) if may else parts
