"""Searches the help centre: follow-ups resolved, vectors and words together, articles ranked.

Works by words alone where the embedding model is out of reach, and says so in the signals
(`vector` is 0). A constant number of queries: see candidates.py.
"""

import math
from collections.abc import Callable

from conversations.retrieval.candidates import Filters, find_candidates, read_words
from conversations.retrieval.embedding import Embedder, EmbeddingUnavailable, Vectors
from conversations.retrieval.embedding_cache import RecentVectors
from conversations.retrieval.followup import resolve
from conversations.retrieval.ranking import rank
from conversations.retrieval.statistics import CorpusCache
from conversations.retrieval.types import SearchQuery, SearchResult


class KnowledgeSearch:
    """One per process. `embedder` gives the model or raises EmbeddingUnavailable."""

    def __init__(
        self, *, embedder: Callable[[], Embedder], corpus: CorpusCache | None = None
    ) -> None:
        self.embedder = embedder
        self.corpus = corpus or CorpusCache()
        self._recent = RecentVectors()

    def warm_up(self) -> None:
        """Load the model and count the words before the first question comes."""
        self._embed(("warm up",))
        self.corpus.refresh()

    def search(self, query: SearchQuery) -> SearchResult:
        """Ranked articles. An empty help centre or a question without words gives none."""
        corpus = self.corpus.get()
        resolved = resolve(query, corpus)
        vectors = self._embed(resolved.texts)
        candidates = find_candidates(
            texts=resolved.texts,
            words=read_words(resolved.texts, language=query.language),
            vectors=vectors,
            articles=corpus.articles,
            filters=Filters.of(query),
        )
        result = rank(query, candidates, corpus, resolved=resolved, vectors=vectors)
        signals = {**result.signals, "vector": 0.0 if vectors is None else 1.0}
        finite = {name: value for name, value in signals.items() if math.isfinite(value)}
        return SearchResult(result.query, result.articles, finite)

    def _embed(self, texts: tuple[str, ...]) -> Vectors | None:
        if not texts:
            return None
        try:
            return self._recent.embed(self.embedder(), texts)
        except EmbeddingUnavailable:
            return None
