"""The beginnings of prompts that a model should know before anybody asks.

Prompts begin alike: the instructions, then the beginning of the article that fits best. A rung that
computed them at its start answers the first question on an article as fast as the second.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from conversations.dialogue import prompt
from conversations.dialogue.memory import Memory
from conversations.inference.backend import ChatMessage
from conversations.models import Article, Citation
from conversations.retrieval.types import ArticleHit
from conversations.services.sources import gather

#: Articles, and the newest citations that say which are asked for most.
MOST_ARTICLES, COUNTED = 30, 2_000


def beginnings(*, company: str, articles: bool) -> Iterator[tuple[ChatMessage, ...]]:
    """The instructions, then with `articles` the most cited ones, best first.

    Without: a small model reads the sentences that answer, which differ with the question, so only
    the instructions of its prompts are alike.
    """
    yield _beginning(company, ())
    for hit in _most_cited() if articles else ():
        read = gather([hit]).sources
        yield _beginning(
            company, [prompt.PromptPassage(one.number, one.title, one.text) for one in read]
        )


def _most_cited() -> list[ArticleHit]:
    newest = Citation.objects.filter(article__isnull=False).order_by("-pk")
    times = Counter(newest.values_list("article_id", flat=True)[:COUNTED])
    ids = [pk for pk, _ in times.most_common(MOST_ARTICLES)]
    found = Article.objects.published().in_bulk(ids)
    return [
        ArticleHit(pk, found[pk].external_id, found[pk].revision, found[pk].title, "", 0.0, ())
        for pk in ids
        if pk in found
    ]


def _beginning(company: str, passages: Sequence[prompt.PromptPassage]) -> tuple[ChatMessage, ...]:
    """The system message alone: what comes after it is the customer's."""
    system, *_ = prompt.build(company=company, passages=passages, memory=Memory(question=""))
    return (ChatMessage(system.role, system.content),)
