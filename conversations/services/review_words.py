"""A decision for its reviewer: its signals and its times, in words. Pure but for gettext."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conversations.dialogue.grounding import split_sentences, stems

MOST_SIGNALS = 6
#: Share of a reply's sentence that a passage's sentence must say to count as its source.
SAID = 0.6
ENOUGH_STEMS = 2

_SIGNALS = {
    "centroid": gettext_lazy("closeness to the article as a whole"),
    "centroid_lift": gettext_lazy("how far the article stands out as a whole"),
    "centroid_margin": gettext_lazy("lead over the next article as a whole"),
    "centroid_place": gettext_lazy("place by closeness as a whole"),
    "context_centroid": gettext_lazy("closeness with the conversation before"),
    "cosine": gettext_lazy("closeness of the best passage"),
    "cosine_lift": gettext_lazy("how far the best passage stands out"),
    "cosine_margin": gettext_lazy("lead of the best passage"),
    "cosine_place": gettext_lazy("place by the best passage"),
    "coverage": gettext_lazy("share of the question's words that was found"),
    "focus_centroid": gettext_lazy("closeness of the question's core"),
    "history": gettext_lazy("length of the conversation"),
    "lexical": gettext_lazy("match by words"),
    "lexical_margin": gettext_lazy("lead by words"),
    "lexical_place": gettext_lazy("place by words"),
    "ordinary_z": gettext_lazy("how ordinary the question is here"),
    "other_z": gettext_lazy("match against other articles' questions"),
    "own_z": gettext_lazy("match against the article's own questions"),
    "pointing": gettext_lazy("words that point to what was said before"),
    "rare_coverage": gettext_lazy("share of the rare words that was found"),
    "second_share": gettext_lazy("likelihood of the second article"),
    "share": gettext_lazy("likelihood of the best article"),
    "spread": gettext_lazy("how many articles compete"),
    "subject": gettext_lazy("same subject as the conversation"),
    "support": gettext_lazy("near phrasings together"),
    "terms": gettext_lazy("length of the question"),
    "third_share": gettext_lazy("likelihood of the third article"),
    "title_coverage": gettext_lazy("share of the words in the title"),
    "unknown": gettext_lazy("words that no article knows"),
}
_REASONS = {
    "confident": gettext_lazy("One article answers this."),
    "chosen": gettext_lazy("The customer picked this article."),
    "several": gettext_lazy("There were several questions; each was looked up for itself."),
    "one_article": gettext_lazy("One article was near, so it asked whether that was meant."),
    "none_of_these": gettext_lazy("None of the articles that it offered was meant."),
    "several_articles": gettext_lazy("Several articles compete, so it asked which was meant."),
    "no_article": gettext_lazy("No article was near."),
    "not_sure": gettext_lazy("An article was near, but not surely enough."),
    "clarify_failed": gettext_lazy("It had asked back once already."),
    "asked_for_person": gettext_lazy("The customer asked for a person."),
    "complaint": gettext_lazy("The customer complained."),
    "risk": gettext_lazy("There were words of risk in it."),
    "language": gettext_lazy("No article is written in the customer's language."),
    "fault": gettext_lazy("Something failed technically."),
}
_STEPS = (
    ("claimed", gettext_lazy("waited for a worker")),
    ("retrieved", gettext_lazy("searched the articles")),
    ("decided", gettext_lazy("decided")),
    ("first_token", gettext_lazy("until the first words")),
    ("done", gettext_lazy("wrote the reply")),
)


@dataclass(frozen=True)
class Signal:
    """One number of the decision; `part` is what it added to the log-odds."""

    name: str
    value: float | None
    part: float


@dataclass(frozen=True)
class Step:
    """One part of a turn's time. Places are percents of the whole, for drawing."""

    name: str
    ms: float
    begin: float
    width: float


@dataclass(frozen=True)
class Sentence:
    text: str
    cited: bool


def decision(turn_decision: str, reason: str, trace: Mapping[str, Any]) -> list[str]:
    """Sentences that say what was decided and on what grounds."""
    said = {
        "answer": _("It answered."),
        "clarify": _("It asked back."),
        "escalate": _("It handed over to a person."),
    }.get(turn_decision)
    found = [said] if said else []
    found.append(str(_REASONS.get(reason, reason.replace("_", " "))))
    chance, needed = trace.get("confidence"), trace.get("threshold")
    if chance is not None:
        found.append(
            _("The chance that the best article answers was put at %(chance)d %%.")
            % {"chance": round(100 * chance)}
        )
        found.append(
            _("%(needed)d %% was needed to keep wrong answers below %(most)g %%.")
            % {"needed": round(100 * needed), "most": 100 * trace.get("max_error", 0.05)}
            if needed is not None
            else _("No chance would have been enough for the wanted error.")
        )
    return found


def signals(trace: Mapping[str, Any]) -> list[Signal]:
    """The signals that moved the decision most, the strongest first."""
    parts, values = trace.get("parts") or {}, trace.get("signals") or {}
    ordered = sorted(parts.items(), key=lambda pair: -abs(pair[1]))[:MOST_SIGNALS]
    return [Signal(str(_SIGNALS.get(k, k)), values.get(k), part) for k, part in ordered]


def steps(timings: Mapping[str, float]) -> list[Step]:
    """The parts of a turn's time in their order, from milliseconds since its acceptance."""
    whole = max([*timings.values(), 1.0])
    found, last = [], 0.0
    for key, name in _STEPS:
        at = timings.get(f"{key}_ms")
        if at is None:
            continue
        at = max(at, last)
        width = max(0.6, 100 * (at - last) / whole)
        found.append(Step(str(name), at - last, min(99.4, 100 * last / whole), width))
        last = at
    return found


def marked(passage: str, reply: str) -> list[Sentence]:
    """A passage's sentences, those marked that say what a sentence of the reply says."""
    said = [words for piece in split_sentences(reply) if len(words := stems(piece)) >= ENOUGH_STEMS]
    pieces = split_sentences(passage)
    known = [stems(piece) for piece in pieces]
    cited: set[int] = set()
    for words in said:
        shares: Sequence[float] = [len(words & other) / len(words) for other in known]
        best = max(range(len(shares)), key=shares.__getitem__, default=None)
        if best is not None and shares[best] >= SAID:
            cited.add(best)
    return [Sentence(piece, number in cited) for number, piece in enumerate(pieces)]
