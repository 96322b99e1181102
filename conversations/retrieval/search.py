"""Searches the help centre: follow-ups resolved, vectors and words together, articles ranked.

Works by words alone where the embedding model is out of reach, and says so in the signals
(`vector` is 0). A constant number of queries: see candidates.py.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from conversations.retrieval.candidates import (
    Filters,
    SearchWord,
    find_candidates,
    help_address,
    read_words,
)
from conversations.retrieval.corpus import CorpusStatistics
from conversations.retrieval.embedding import Embedder, EmbeddingUnavailable, Vectors
from conversations.retrieval.embedding_cache import RecentVectors
from conversations.retrieval.followup import ResolvedQuery, resolve
from conversations.retrieval.ranking import Weighed, settle, weigh
from conversations.retrieval.spelling import Spelling
from conversations.retrieval.statistics import CorpusCache
from conversations.retrieval.token_store import PassageTokens
from conversations.retrieval.tokens import Nearness, Tokens, nearness
from conversations.retrieval.types import PassageHit, SearchQuery, SearchResult


@dataclass(frozen=True)
class Findings:
    """One search before its ranking: the texts, their words and vectors, and the candidates."""

    corpus: CorpusStatistics
    resolved: ResolvedQuery
    words: tuple[SearchWord, ...]
    vectors: Vectors | None
    tokens: Tokens | None  # of the first text
    candidates: tuple[PassageHit, ...]


class KnowledgeSearch:
    """One per process. `embedder` gives the model or raises EmbeddingUnavailable."""

    def __init__(
        self, *, embedder: Callable[[], Embedder], corpus: CorpusCache | None = None
    ) -> None:
        self.embedder = embedder
        self.corpus = corpus or CorpusCache()
        self._recent = RecentVectors()
        self._tokens = PassageTokens()
        self._spelling = Spelling()

    def warm_up(self) -> None:
        """Load the model and count the words before the first question comes."""
        self._embed(("warm up",))
        self._spelling.warm_up()
        self.corpus.refresh()
        help_address("warm-up")  # reads the code of every page, a second long

    def search(self, query: SearchQuery) -> SearchResult:
        """Ranked articles. An empty help centre or a question without words gives none."""
        return self.ranked(query, self.find(query))

    def find(self, query: SearchQuery) -> "Findings":
        """What was searched for, and the passages that it may be about."""
        corpus = self.corpus.get()
        resolved = resolve(query, corpus, self._spelling)
        vectors, tokens = self._embed(resolved.texts)
        words = read_words(resolved.texts, language=query.language)
        candidates = find_candidates(
            texts=resolved.texts,
            words=words,
            vectors=vectors,
            articles=corpus.articles,
            filters=Filters.of(query),
        )
        return Findings(corpus, resolved, tuple(words), vectors, tokens, tuple(candidates))

    def ranked(self, query: SearchQuery, found: "Findings") -> SearchResult:
        """The articles of the findings, best first, with the decision's signals."""
        weighed = self.weighed(query, found)
        result = settle(query, weighed, self.nearness(weighed, found))
        signals = {**result.signals, "vector": 0.0 if found.vectors is None else 1.0}
        finite = {name: value for name, value in signals.items() if math.isfinite(value)}
        return SearchResult(result.query, result.articles, finite)

    def weighed(self, query: SearchQuery, found: "Findings") -> Weighed:
        return weigh(
            query, found.candidates, found.corpus, resolved=found.resolved, vectors=found.vectors
        )

    def nearness(self, weighed: Weighed, found: "Findings") -> dict[int, Nearness | None]:
        """Of the question's tokens to those of each leading article; at most one query."""
        if found.tokens is None:
            return {}
        asked, leading = found.tokens.telling, weighed.leading
        stored = self._tokens.read([number for ids in leading.values() for number in ids])
        return {
            article: nearness(asked, [stored[number] for number in ids if number in stored])
            for article, ids in leading.items()
        }

    def _embed(self, texts: tuple[str, ...]) -> tuple[Vectors | None, Tokens | None]:
        if not texts:
            return None, None
        try:
            vectors, tokens = self._recent.read(self.embedder(), texts)
        except EmbeddingUnavailable:
            return None, None
        return vectors, tokens[0]
