"""Values that retrieval hands to the decision. Plain and frozen; no Django, no torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class HistoryTurn:
    """One earlier message, oldest first. `role` is "user" or "agent" (assistant or person)."""

    role: str
    text: str


@dataclass(frozen=True)
class SearchQuery:
    """What to look for: the customer's last words and what was said before."""

    text: str
    history: tuple[HistoryTurn, ...] = ()
    language: str = ""
    audience: str = ""
    product: str = ""


@dataclass(frozen=True)
class PassageHit:
    """A passage as found, with the scores of both searches (None: not found by that search)."""

    passage_id: int
    article_id: int
    external_id: str
    revision: int
    title: str
    url: str
    heading: str
    kind: str  # body | title | asked_as
    text: str
    vector_score: float | None  # cosine, -1..1
    text_score: float | None  # full-text rank, >= 0
    score: float  # fused, comparable within one search only
    similarities: tuple[float, ...] = ()  # cosine with each text of the resolved query, in order


@dataclass(frozen=True)
class ArticleHit:
    """An article as ranked: its best passages first."""

    article_id: int
    external_id: str
    revision: int
    title: str
    url: str
    score: float
    passages: tuple[PassageHit, ...]


@dataclass(frozen=True)
class SearchResult:
    """Ranked articles, the query as it was searched, and what the corpus looks like to it."""

    query: str  # after resolving the follow-up
    articles: tuple[ArticleHit, ...]
    signals: dict[str, float]  # named numbers that the decision may use, all finite
