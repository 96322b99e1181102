"""The passages that a reply is written from: what search found, and more of the same articles."""

from collections.abc import Sequence
from dataclasses import dataclass

from conversations.inference.extractive import Source
from conversations.models import Passage
from conversations.retrieval.types import ArticleHit
from conversations.services.outcome import Cited

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
    """Body passages of the chosen articles: the found ones first, then the article's beginning.

    One query. A match on a title or a phrasing brings its article's text, not itself.
    """
    bodies = Passage.objects.filter(
        article_id__in=[article.article_id for article in articles], kind=Passage.Kind.BODY
    ).order_by("article_id", "ordinal")
    by_article: dict[int, list[Passage]] = {}
    for passage in bodies:
        by_article.setdefault(passage.article_id, []).append(passage)
    sources: list[Source] = []
    used: set[int] = set()
    words = 0
    for number, article in enumerate(articles, start=1):
        for passage in _in_order_of_use(article, by_article.get(article.article_id, [])):
            words += len(passage.text.split())
            if sources and words > MAX_WORDS:
                break
            used.add(passage.pk)
            sources.append(
                Source(number, article.title, article.url, passage.heading, passage.text)
            )
    return SourceSet(tuple(sources), _cited(articles), frozenset(used))


def _in_order_of_use(article: ArticleHit, passages: list[Passage]) -> list[Passage]:
    """The found passages, then others, at most PASSAGES_PER_ARTICLE; in reading order."""
    rank = {hit.passage_id: place for place, hit in enumerate(article.passages)}
    best = sorted(passages, key=lambda item: (rank.get(item.pk, len(rank)), item.ordinal))
    return sorted(best[:PASSAGES_PER_ARTICLE], key=lambda item: item.ordinal)


def _cited(articles: Sequence[ArticleHit]) -> tuple[Cited, ...]:
    return tuple(
        Cited(number, item.article_id, item.revision, item.title, item.url)
        for number, item in enumerate(articles, start=1)
    )
