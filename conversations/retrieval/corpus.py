"""What the knowledge base looks like as a whole: how common each term is, what articles are about.

Built once per change of the knowledge base from its passages, without labels; small and picklable.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from sys import intern

from conversations.retrieval.geometry import Geometry
from conversations.retrieval.subjects import Subject, SubjectIndex, find_subjects
from conversations.retrieval.synonyms import Synonyms
from conversations.retrieval.terms import terms, words


@dataclass(frozen=True)
class CorpusPassage:
    """The part of a passage that statistics are made of."""

    article_id: int
    title: str
    kind: str
    text: str


@dataclass(frozen=True)
class CorpusStatistics:
    """Counts over the articles that may be found. An empty knowledge base has zeros."""

    articles: int = 0
    passages: int = 0
    mean_length: float = 1.0  # terms a passage, its title included
    document_frequency: Mapping[str, int] = field(default_factory=dict)  # articles with the term
    subjects: tuple[Subject, ...] = ()
    geometry: Geometry | None = None  # how the articles lie to each other, where vectors are known
    synonyms: Synonyms = field(default_factory=Synonyms)  # the words of articles for customers'
    vocabulary: frozenset[str] = frozenset()  # the articles' words as written, in lower case

    def idf(self, term: str) -> float:
        """Rarity of a term, above 0; a term that no article has is the rarest."""
        frequency = self.document_frequency.get(term, 0)
        return math.log(1 + (self.articles - frequency + 0.5) / (frequency + 0.5))

    @cached_property
    def subject_index(self) -> SubjectIndex:
        return SubjectIndex(self.subjects)

    def known(self, term: str) -> bool:
        return term in self.document_frequency


def build_statistics(
    passages: Iterable[CorpusPassage], geometry: Geometry | None = None
) -> CorpusStatistics:
    """Count terms and find subjects. One pass; order does not matter."""
    vocabulary: dict[int, set[str]] = {}
    titles: dict[int, str] = {}
    written: set[str] = set()
    count, length = 0, 0
    for passage in passages:
        found = terms(passage.text)
        written.update(map(intern, words(passage.text)))
        own = vocabulary.setdefault(passage.article_id, set())
        if passage.article_id not in titles:
            titles[passage.article_id] = passage.title
            own.update(terms(passage.title))
            written.update(map(intern, words(passage.title)))
        own.update(found)
        count += 1
        length += len(found) + (len(terms(passage.title)) if passage.kind == "body" else 0)
    frequency = Counter(term for own in vocabulary.values() for term in own)
    return CorpusStatistics(
        articles=len(vocabulary),
        passages=count,
        mean_length=max(1.0, length / count) if count else 1.0,
        document_frequency=dict(frequency),
        subjects=find_subjects(titles.values()),
        geometry=geometry,
        vocabulary=frozenset(written),
    )
