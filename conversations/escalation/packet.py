"""The packet that an agent gets with a conversation. Assembly is pure; nothing in it is invented.

The summary quotes the customer's own key sentences and names the articles that were answered from.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from conversations.dialogue.grounding import split_sentences
from conversations.escalation.sentiment import Sentiment, read_sentiment

QUOTES = 3
QUOTE_CHARS = 200
#: Decisions that were made without a look into the articles.
_NOT_LOOKED_UP = frozenset({"complaint", "asked_for_person", "emergency", "self_harm", "rule"})
_WORD = re.compile(r"[^\W_]{3,}")
_ORDER_WORDS = re.compile(r"\b(?:order|parcel|package|delivery|refund|return|invoice)\b", re.I)


@dataclass(frozen=True)
class Said:
    seq: int
    author: str
    text: str


@dataclass(frozen=True)
class Fact:
    kind: str
    value: str
    seq: int | None
    id: int = 0
    origin: str = "said"


@dataclass(frozen=True)
class Source:
    title: str
    url: str


@dataclass(frozen=True)
class Attempt:
    """One turn of the assistant: what was asked, what it decided and what it said."""

    seq: int
    question: str
    decision: str
    reason: str
    text: str
    sources: tuple[Source, ...] = ()
    rating: int | None = None


@dataclass(frozen=True)
class Earlier:
    """A former conversation of the same identified customer."""

    conversation: str
    opened_at: str
    topic: str
    status: str
    first_words: str
    messages: int


@dataclass(frozen=True)
class Packet:
    summary: str
    summary_sources: tuple[dict[str, Any], ...]
    facts: tuple[Fact, ...]
    tried: tuple[Attempt, ...]
    missing: tuple[tuple[str, str], ...]
    sentiment: Sentiment
    earlier: tuple[Earlier, ...] = field(default=())


def assemble(
    *,
    said: Sequence[Said],
    facts: Sequence[Fact],
    tried: Sequence[Attempt],
    earlier: Sequence[Earlier],
    reason: str,
) -> Packet:
    """Everything an agent should know before the first word."""
    own = [(item.seq, item.text) for item in said if item.author == "customer"]
    summary, sources = _summary(own, tried)
    return Packet(
        summary=summary,
        summary_sources=sources,
        facts=tuple(facts),
        tried=tuple(tried),
        missing=_missing(own, facts, tried, reason),
        sentiment=read_sentiment(own),
        earlier=tuple(earlier),
    )


def _summary(
    own: Sequence[tuple[int, str]], tried: Sequence[Attempt]
) -> tuple[str, tuple[dict[str, Any], ...]]:
    quotes = key_sentences(own)
    if not quotes:
        return _("The customer has not written anything yet."), ()
    parts = [_("The customer wrote: %(words)s") % {"words": " ".join(f"“{q}”" for _s, q in quotes)}]
    used = list(dict.fromkeys(
        source for item in tried if item.decision == "answer" for source in item.sources
    ))  # fmt: skip
    if used:
        titles = ", ".join(f"“{source.title}”" for source in used)
        parts.append(_("The assistant answered from %(titles)s.") % {"titles": titles})
    elif tried and tried[-1].reason in _NOT_LOOKED_UP:
        parts.append(_("The assistant handed over at once."))
    elif tried:
        parts.append(_("The assistant found no answer in the articles."))
    if any(item.rating == -1 for item in tried):
        parts.append(_("The customer marked an answer as not helpful."))
    sources: list[dict[str, Any]] = [{"seq": seq} for seq, _quote in quotes]
    sources += [
        {"number": number, "title": source.title, "url": source.url}
        for number, source in enumerate(used, start=1)
    ]
    return " ".join(parts), tuple(sources)


def key_sentences(own: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """The customer's sentences that say most, in their order: the first and last message weigh
    more, and so do questions, numbers and words that come up again."""
    counts: dict[str, int] = {}
    for _seq, text in own:
        for word in {word.lower() for word in _WORD.findall(text)}:
            counts[word] = counts.get(word, 0) + 1
    scored: list[tuple[float, int, int, str]] = []
    for place, (_seq, text) in enumerate(own):
        for number, sentence in enumerate(split_sentences(text)):
            sentence = " ".join(sentence.split())
            words = {word.lower() for word in _WORD.findall(sentence)}
            if len(words) < 2:
                continue
            score = min(len(words), 15) / 15 + sum(counts[word] > 1 for word in words) * 0.15
            score += 0.5 * sentence.endswith("?") + 0.4 * any(c.isdigit() for c in sentence)
            score += 0.4 * (place == 0) + 0.3 * (place == len(own) - 1)
            scored.append((score, place, number, sentence))
    best = sorted(sorted(scored, key=lambda item: -item[0])[:QUOTES], key=lambda item: item[1:3])
    quotes = list(dict.fromkeys((own[place][0], _cut(text)) for _score, place, _n, text in best))
    if not quotes and own:
        seq, text = own[-1]
        return [(seq, _cut(" ".join(text.split())))]
    return quotes


def _cut(text: str) -> str:
    return text if len(text) <= QUOTE_CHARS else text[:QUOTE_CHARS].rsplit(" ", 1)[0] + " …"


def _missing(
    own: Sequence[tuple[int, str]],
    facts: Sequence[Fact],
    tried: Sequence[Attempt],
    reason: str,
) -> tuple[tuple[str, str], ...]:
    """What is not known yet, as far as the record shows it."""
    missing: list[tuple[str, str]] = []
    reasons = {
        "no_article": _("No article answers this."),
        "not_sure": _("The articles did not give a sure answer."),
        "clarify_failed": _("The assistant asked back and did not understand the reply."),
        "fault": _("The assistant could not answer because of a technical fault."),
        "sla_breach": _("The assistant did not answer in time."),
    }
    if reason in reasons:
        missing.append((reason, reasons[reason]))
    kinds = {fact.kind for fact in facts}
    about_order = any(_ORDER_WORDS.search(text) for _seq, text in own)
    if about_order and not kinds & {"order", "order_number"}:
        missing.append(("order_number", _("No order number was given.")))
    unanswered = [item for item in tried if item.decision != "answer"]
    if unanswered and unanswered[-1].decision == "clarify":
        missing.append(("clarification", _("The assistant's last question was not answered.")))
    return tuple(missing)
