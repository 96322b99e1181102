"""Search over a real PostgreSQL: by vector and by words, filtered, in two queries."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Article
from conversations.retrieval.candidates import (
    Filters,
    SearchWord,
    find_candidates,
    read_words,
    telling_words,
)
from conversations.retrieval.drafts import ArticleDraft
from conversations.retrieval.embedding import EmbeddingUnavailable, HashEmbedder
from conversations.retrieval.search import KnowledgeSearch
from conversations.retrieval.types import HistoryTurn, SearchQuery
from conversations.services.knowledge import KnowledgeService, Planned

ARTICLES = (
    ArticleDraft("returns", "Return an item", "Send it back within **30 days** of delivery.",
                 asked_as=("How do I give something back?",)),
    ArticleDraft("delivery", "Delivery times", "Parcels arrive in two working days in Europe."),
    ArticleDraft("giftcard", "Gift card balance", "The balance stands in the account."),
    ArticleDraft("trade", "Invoices for resellers", "Resellers get invoices.", audience="reseller"),
    ArticleDraft("retour", "Artikel zurückgeben", "Senden Sie ihn zurück.", language="de"),
)  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture
def articles() -> None:
    service = KnowledgeService(embedder=HashEmbedder)
    service.save_articles(planned=[Planned(draft) for draft in ARTICLES])
    service.finish_changes()


@pytest.fixture
def search() -> KnowledgeSearch:
    return KnowledgeSearch(embedder=HashEmbedder)


def no_model() -> HashEmbedder:
    raise EmbeddingUnavailable


def ids(search: KnowledgeSearch, text: str, **fields: Any) -> list[str]:
    return [hit.external_id for hit in search.search(SearchQuery(text, **fields)).articles]


def test_the_right_article_comes_first(articles: None, search: KnowledgeSearch) -> None:
    assert ids(search, "how do I give something back")[0] == "returns"
    assert ids(search, "gift card balance?")[0] == "giftcard"


def test_a_hit_carries_its_address_revision_and_plain_words(
    articles: None, search: KnowledgeSearch
) -> None:
    top = search.search(SearchQuery("return an item within 30 days")).articles[0]
    assert (top.url, top.revision, top.title) == ("/help/return-an-item/", 1, "Return an item")
    texts = {passage.kind: passage.text for passage in top.passages}
    assert texts["body"] == "Send it back within 30 days of delivery."


def test_every_candidate_has_a_cosine_with_every_text(articles: None) -> None:
    texts = ("give it back", "parcels in Europe")
    hits = find_candidates(
        texts=texts,
        words=read_words(texts),
        vectors=HashEmbedder().embed(texts),
        articles=5,
        filters=Filters(),
    )
    assert hits
    assert all(len(hit.similarities) == 2 for hit in hits)
    assert all(-1.001 <= value <= 1.001 for hit in hits for value in hit.similarities)


def test_search_works_by_words_when_there_is_no_model(articles: None) -> None:
    result = KnowledgeSearch(embedder=no_model).search(SearchQuery("parcels in Europe"))
    assert result.articles[0].external_id == "delivery"
    assert result.signals["vector"] == 0.0
    assert result.articles[0].passages[0].vector_score is None


def test_a_slip_of_the_pen_finds_the_word(articles: None) -> None:
    (word,) = read_words(["parcle"])
    assert (word.lexeme, word.corrected_from) == ("parcel", "parcl")
    assert ids(KnowledgeSearch(embedder=no_model), "where are my parcles")[0] == "delivery"


def test_filters_keep_other_audiences_and_languages_out(
    articles: None, search: KnowledgeSearch
) -> None:
    assert "trade" not in ids(search, "invoices for resellers", audience="customer")
    assert ids(search, "invoices for resellers", audience="reseller")[0] == "trade"
    assert ids(search, "zurückgeben", language="de") == ["retour"]
    assert "returns" in ids(search, "return an item", audience="reseller", language="en")


def test_drafts_and_archived_articles_are_not_found(
    articles: None, search: KnowledgeSearch
) -> None:
    article = Article.objects.get(external_id="giftcard")
    KnowledgeService().archive(article_ids=[article.pk])
    assert "giftcard" not in ids(search, "gift card balance")


def test_a_changed_article_is_found_by_its_new_words_only(
    articles: None, search: KnowledgeSearch
) -> None:
    ids(search, "anything")
    changed = ArticleDraft("delivery", "Delivery times", "By zeppelin.")
    service = KnowledgeService(embedder=HashEmbedder)
    service.save_article(draft=changed)
    service.renew()
    hits = search.search(SearchQuery("zeppelin")).articles
    assert hits[0].external_id == "delivery"
    assert hits[0].revision == 2


@pytest.mark.parametrize("text", ["", "   ", "???", "the of and", "日本語", "😀", "' | & ! \\ :*"])
def test_a_question_without_words_does_no_harm(
    articles: None, search: KnowledgeSearch, text: str
) -> None:
    search.search(SearchQuery(text))


def test_an_empty_help_centre_finds_nothing(search: KnowledgeSearch) -> None:
    result = search.search(SearchQuery("anything at all"))
    assert result.articles == ()


def test_one_article_is_enough(search: KnowledgeSearch) -> None:
    service = KnowledgeService(embedder=HashEmbedder)
    service.save_article(draft=ARTICLES[0])
    service.renew()
    assert ids(search, "return an item") == ["returns"]


def test_a_longer_conversation_costs_no_more_queries(
    articles: None, search: KnowledgeSearch
) -> None:
    search.warm_up()

    def queries(history: Sequence[HistoryTurn]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            search.search(SearchQuery("and for gift cards", tuple(history)))
        return len(captured)

    said = [HistoryTurn("user", "how do I return an item"), HistoryTurn("agent", "Send it back.")]
    assert queries([]) == 3  # words, passages, the leading articles' tokens
    assert max(queries(said), queries(said * 50)) <= 3


def test_more_articles_cost_no_more_queries(articles: None, search: KnowledgeSearch) -> None:
    search.warm_up()
    with CaptureQueriesContext(connection) as few:
        search.search(SearchQuery("return an item"))
    service = KnowledgeService(embedder=HashEmbedder)
    drafts = [ArticleDraft(f"x{n}", f"Return item {n}", f"Text {n}.") for n in range(60)]
    service.save_articles(planned=[Planned(draft) for draft in drafts])
    service.finish_changes()
    search.corpus.refresh()
    with CaptureQueriesContext(connection) as many:
        search.search(SearchQuery("return an item"))
    assert len(few) == len(many) == 3


def test_common_words_are_left_to_the_vectors() -> None:
    rare, common = SearchWord(0, "zeppelin", 3), SearchWord(0, "order", 5_000)
    assert telling_words([rare, common], 10_000) == [rare]
    assert telling_words([common], 10_000) == [common]


def test_no_more_words_are_looked_up_than_a_question_has_time_for() -> None:
    words = [SearchWord(0, f"word{n}", 4_000) for n in range(24)]
    assert telling_words(words, 200_000) == words[:2]  # in 10,000 articles at most together
    alone = SearchWord(0, "order", 40_000)
    assert telling_words([alone], 200_000) == [alone]  # one is always looked up


def test_statistics_follow_a_change(articles: None, search: KnowledgeSearch) -> None:
    assert search.corpus.get().articles == 5
    KnowledgeService().archive(article_ids=[Article.objects.get(external_id="trade").pk])
    assert search.corpus.refresh().articles == 4
