"""The passages that a reply is written from: what search found, and more of the same articles."""

from collections.abc import Sequence
from dataclasses import dataclass

from conversations.dialogue.orders import without_orders
from conversations.inference.extractive import Source
from conversations.models import Passage
from conversations.retrieval.types import ArticleHit
from conversations.services.outcome import Cited
from portal.core.table import Table

#: Vectors and tokens are kilobytes each, and not needed for a prompt.
_TEXTS = Table(Passage, "id", "article_id", "ordinal", "heading", "text")
#: Passages of one article at most, and words of all together: what a prompt's budget holds.
PASSAGES_PER_ARTICLE = 4
MAX_WORDS = 420


@dataclass(frozen=True)
class SourceSet:
    """`sources` in order of use; a source's number is its article's citation number."""

    sources: tuple[Source, ...]
    cited: tuple[Cited, ...]
    passage_ids: frozenset[int]

    def citations(self, numbers: Sequence[int]) -> tuple[Cited, ...]:
        """The named articles, renumbered from 1 in the order of their use."""
        by_number = {cited.number: cited for cited in self.cited}
        used = [by_number[number] for number in dict.fromkeys(numbers) if number in by_number]
        return tuple(
            Cited(place, item.article_id, item.revision, item.title, item.url)
            for place, item in enumerate(used, start=1)
        )


def gather(articles: Sequence[ArticleHit]) -> SourceSet:
    """The chosen articles' texts: beginning and found passages of each, in reading order.

    One query, one source an article. A match on a title or a phrasing brings its article's text,
    not itself.
    """
    if not articles:
        return SourceSet((), (), frozenset())
    bodies = _TEXTS.read(
        "article_id = ANY(%s) AND kind = 'body' ORDER BY article_id, ordinal",
        [[article.article_id for article in articles]],
    )
    by_article: dict[int, list[Passage]] = {}
    for passage in bodies:
        by_article.setdefault(passage.article_id, []).append(passage)
    sources: list[Source] = []
    used: set[int] = set()
    left = MAX_WORDS
    for number, article in enumerate(articles, start=1):
        found = _in_order_of_use(article, by_article.get(article.article_id, []))
        passages = _within(left, found, at_least=1 if number == 1 else 0)
        if not passages:
            continue
        left -= sum(len(passage.text.split()) for passage in passages)
        used |= {passage.pk for passage in passages}
        sources.append(Source(number, article.title, article.url, "", _joined(passages)))
    return SourceSet(tuple(sources), _cited(articles), frozenset(used))


def _in_order_of_use(article: ArticleHit, passages: list[Passage]) -> list[Passage]:
    """The beginning, the found passages, then others: PASSAGES_PER_ARTICLE, in reading order."""
    rank = {hit.passage_id: place for place, hit in enumerate(article.passages)}
    best = sorted(passages[1:], key=lambda item: (rank.get(item.pk, len(rank)), item.ordinal))
    chosen = [*passages[:1], *best[: PASSAGES_PER_ARTICLE - 1]]
    return sorted(chosen, key=lambda item: item.ordinal)


def _within(words: int, passages: list[Passage], *, at_least: int) -> list[Passage]:
    """As many passages as fit into so many words."""
    kept: list[Passage] = []
    for passage in passages:
        words -= len(passage.text.split())
        if words < 0 and len(kept) >= at_least:
            break
        kept.append(passage)
    return kept


def _joined(passages: Sequence[Passage]) -> str:
    """One Markdown text, with the last part of each new heading over its passages."""
    parts: list[str] = []
    heading = ""
    for passage in passages:
        if passage.heading and passage.heading != heading:
            heading = passage.heading
            parts.append(f"## {heading.rsplit(' › ', 1)[-1]}")
        parts.append(without_orders(passage.text))
    return "\n\n".join(parts)


def _cited(articles: Sequence[ArticleHit]) -> tuple[Cited, ...]:
    return tuple(
        Cited(number, item.article_id, item.revision, item.title, item.url)
        for number, item in enumerate(articles, start=1)
    )
