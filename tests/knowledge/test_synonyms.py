"""The owner's synonyms lift the right article, and cost nothing where there are none."""

import time

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from conversations.models import Synonym
from conversations.retrieval.corpus import CorpusStatistics
from conversations.retrieval.drafts import ArticleDraft
from conversations.retrieval.embedding import EmbeddingUnavailable, HashEmbedder
from conversations.retrieval.followup import resolve
from conversations.retrieval.search import KnowledgeSearch
from conversations.retrieval.statistics import count_corpus
from conversations.retrieval.synonyms import Entry, Synonyms
from conversations.retrieval.types import SearchQuery
from conversations.services.knowledge import KnowledgeService, Planned
from conversations.services.synonyms import SynonymService, UnusableSynonym

ARTICLES = (
    ArticleDraft("sofa", "Clean a sofa", "Vacuum the sofa, then wipe it with a damp cloth."),
    ArticleDraft("carpet", "Clean a carpet", "Vacuum the carpet every week."),
    ArticleDraft("oven", "Clean an oven", "Heat it with water, then wipe it."),
    ArticleDraft("refund", "Get a refund", "A refund takes five days."),
    ArticleDraft("pay", "Ways to pay", "Pay by card. We keep no money in cash."),
)


def entries(**words: str) -> Synonyms:
    return Synonyms(tuple(Entry(term, (said,)) for term, said in words.items()))


def test_a_word_that_no_article_knows_is_replaced_and_a_known_one_is_kept() -> None:
    synonyms = entries(couch="sofa")
    assert synonyms.expand("Clean my Couches!") == "Clean my sofa!"
    assert synonyms.expand("Clean my couch", known={"couch"}) == "Clean my couch sofa"
    assert synonyms.expand("My couch, the sofa") == "My couch, the sofa"  # it says so itself
    assert synonyms.expand("couchette couching") == "couchette couching"


def test_phrases_win_over_words_and_languages_are_kept_apart() -> None:
    synonyms = Synonyms((
        Entry("money back", ("refund",)),
        Entry("money", ("payment",)),
        Entry("bank", ("Sitzbank",), "de"),
    ))  # fmt: skip
    assert synonyms.expand("I want my money  back") == "I want my refund"
    assert synonyms.expand("my bank", language="en") == "my bank"
    assert synonyms.expand("meine Bank", language="de") == "meine Sitzbank"


def test_without_synonyms_a_text_passes_untouched_and_at_once() -> None:
    text = "Where is my couch? " * 100
    began = time.perf_counter()
    for _ in range(1_000):
        assert Synonyms().expand(text) is text
    assert time.perf_counter() - began < 0.2


def test_a_thousand_synonyms_are_searched_in_a_millisecond() -> None:
    synonyms = Synonyms(tuple(Entry(f"term{n} word", (f"other{n}",)) for n in range(1_000)))
    synonyms.expand("warm up")
    began = time.process_time()
    for _ in range(20):
        synonyms.expand("Where is my term77 word and what does it cost to send it back? " * 3)
    assert (time.process_time() - began) / 20 < 0.01


def test_a_follow_up_sees_them_through_one_function() -> None:
    corpus = CorpusStatistics(document_frequency={"sofa": 1}, synonyms=entries(couch="sofa"))
    assert resolve(SearchQuery("clean my couch"), corpus).text == "clean my sofa"


@pytest.fixture
def articles(db: None) -> None:
    service = KnowledgeService(embedder=HashEmbedder)
    service.save_articles(planned=[Planned(draft) for draft in ARTICLES])
    service.finish_changes()


def no_model() -> HashEmbedder:
    raise EmbeddingUnavailable


def ids(text: str) -> list[str]:
    search = KnowledgeSearch(embedder=no_model)  # by words alone: nothing else can find it
    return [hit.external_id for hit in search.search(SearchQuery(text)).articles]


@pytest.mark.django_db
def test_a_synonym_lifts_the_right_article(articles: None) -> None:
    question = "how do I clean a couch"
    assert ids(question)[:1] != ["sofa"]
    SynonymService().save(Synonym(term=" Couch ", words=["sofa"]))
    assert ids(question)[0] == "sofa"
    assert count_corpus(with_vectors=False).synonyms.entries == (Entry("couch", ("sofa",)),)
    SynonymService().delete([Synonym.objects.get().pk])
    assert ids(question)[:1] != ["sofa"]


@pytest.mark.django_db
@pytest.mark.parametrize(("term", "words"), [("", ["x1"]), ("the", ["sofa"]), ("sofa", ["Sofa"])])
def test_a_synonym_that_says_nothing_is_refused(term: str, words: list[str]) -> None:
    with pytest.raises(UnusableSynonym):
        SynonymService().save(Synonym(term=term, words=words))


@pytest.mark.django_db
def test_synonyms_are_edited_in_the_admin(client: Client) -> None:
    client.force_login(get_user_model().objects.create_superuser("boss", password="x"))
    add = reverse("admin:conversations_synonym_add")
    client.post(add, {"term": "Couch", "words": "sofa, settee", "language": ""})
    synonym = Synonym.objects.get()
    assert (synonym.term, synonym.words) == ("couch", ["sofa", "settee"])
    refused = client.post(add, {"term": "the", "words": "sofa", "language": ""})
    assert b"needs a word that customers use" in refused.content
    found = client.get(reverse("admin:conversations_synonym_changelist"), {"q": "sett"})
    assert b"couch" in found.content
