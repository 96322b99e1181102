"""SynonymService: the owner's synonyms, in force in every process within seconds."""

from collections.abc import Sequence

from django.db import transaction

from conversations.models import Synonym
from conversations.retrieval.statistics import bump_version
from conversations.retrieval.terms import terms
from portal.core.errors import InvalidInput
from portal.core.service import BaseService


class UnusableSynonym(InvalidInput):
    """A synonym needs a word that customers use and one to eight other words of your articles."""

    code = "unusable_synonym"


class SynonymService(BaseService):
    name = "synonyms"

    def save(self, synonym: Synonym) -> None:
        """Store a synonym and tell every process. Raises UnusableSynonym."""
        synonym.term, synonym.words = checked(synonym.term, synonym.words)
        with self.operation("save"), transaction.atomic():
            synonym.save()
            bump_version()

    def delete(self, ids: Sequence[int]) -> None:
        with self.operation("delete"), transaction.atomic():
            Synonym.objects.filter(pk__in=ids).delete()
            bump_version()


def checked(term: str, words: Sequence[str]) -> tuple[str, list[str]]:
    """Both sides as they are stored: flat, the term in lower case, no word twice or for itself."""
    plain = " ".join(term.lower().split())
    said = [" ".join(word.split()) for word in words]
    kept = list(dict.fromkeys(word for word in said if word and word.lower() != plain))
    if not terms(plain) or not kept or len(kept) > 8 or not all(map(terms, kept)):
        raise UnusableSynonym
    return plain, kept
