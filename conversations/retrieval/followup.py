"""Turns a follow-up such as "and for gift cards?" into texts that can be searched on their own.

Pure. Nothing is guessed but slips of the keyboard: the last words are searched with the owner's
synonyms for them, and beside them with what was said before and with the conversation's subject.
"""

from dataclasses import dataclass

from conversations.dialogue import language
from conversations.retrieval.corpus import CorpusStatistics
from conversations.retrieval.spelling import Correction, Spelling
from conversations.retrieval.subjects import Mention
from conversations.retrieval.types import SearchQuery

EARLIER_TURNS = 3  # the customer's own, before the last
#: Of the last reply, and of all that was said before. Longer texts found no better on the
#: development sets' conversations (docs/answering.md) and take as much longer to embed.
REPLY_CHARS = 80
EARLIER_CHARS = 160
ENGLISH = frozenset(("", "en"))
TEXT_CHARS = 2_000  # the embedding reads no further than this


@dataclass(frozen=True)
class ResolvedQuery:
    """The texts to search for; `context` and `focus` are empty where they would add nothing."""

    text: str
    context: str = ""
    focus: str = ""
    mentions: tuple[Mention, ...] = ()
    corrections: tuple[Correction, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """Texts to embed and search, the last words first; one to three of them."""
        return tuple(text for text in (self.text, self.context, self.focus) if text)


def resolve(
    query: SearchQuery, corpus: CorpusStatistics, spelling: Spelling | None = None
) -> ResolvedQuery:
    """Texts to search for. Without history and subjects: the question alone. Slips are mended where
    `spelling` is given and the question is in English or in nobody knows what."""
    text = query.text.strip()[:TEXT_CHARS]
    corrections: tuple[Correction, ...] = ()
    if spelling and ENGLISH.issuperset((query.language.partition("-")[0], language.detect(text))):
        text, corrections = spelling.correct(text, corpus.vocabulary)
    text = corpus.synonyms.expand(text, language=query.language, known=corpus.document_frequency)
    mentions = tuple(corpus.subject_index.mentions(text, query.history))
    focus = f"{mentions[0].name}: {text}" if mentions else ""
    return ResolvedQuery(
        text=text,
        context=_with_history(query, text),
        focus=focus[:TEXT_CHARS],
        mentions=mentions,
        corrections=corrections,
    )


def _with_history(query: SearchQuery, text: str) -> str:
    if not query.history:
        return ""
    asked = [turn.text.strip() for turn in query.history if turn.role == "user"][-EARLIER_TURNS:]
    replies = [turn.text.strip() for turn in query.history if turn.role != "user"]
    reply = replies[-1][:REPLY_CHARS] if replies else ""
    earlier = " ".join(part for part in (*asked, reply) if part)
    if not earlier:
        return ""
    return f"{earlier[-EARLIER_CHARS:]} {text}"
