"""Knowledge bases of unusual shape: empty, one article, many, huge, of many languages, unfitted."""

import json
import pickle
import time
import tracemalloc
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.dialogue import replies
from conversations.dialogue.calibration import (
    CalibrationError,
    conservative,
    load,
    load_or_conservative,
)
from conversations.dialogue.memory import Memory
from conversations.models import Passage
from conversations.retrieval.drafts import BODY_CHARS, ArticleDraft, BadRow, make_draft
from conversations.retrieval.embedding import HashEmbedder
from conversations.retrieval.search import KnowledgeSearch
from conversations.retrieval.statistics import count_corpus
from conversations.retrieval.types import SearchQuery
from conversations.services.judgement import Judgement, LastTurn
from conversations.services.judging import SearchJudge
from conversations.services.knowledge import KnowledgeService, Planned

pytestmark = pytest.mark.django_db
MANY = 150
MOST_BYTES_OF_AN_ARTICLE = 40_000  # in memory: 100,000 of them must fit into 4 GB


def put(*drafts: ArticleDraft) -> None:
    service = KnowledgeService(embedder=HashEmbedder)
    service.save_articles(planned=[Planned(draft) for draft in drafts])
    service.finish_changes()


def judge(question: str, *, max_error: float = 0.05) -> Judgement:
    found = SearchJudge(
        search=KnowledgeSearch(embedder=HashEmbedder), calibration=load(), max_error=max_error
    )
    return found.judge(Memory(question), last=LastTurn())


def test_an_empty_help_centre_hands_over_and_says_so() -> None:
    found = judge("How do I return an item?")
    assert (found.action, found.reason) == ("escalate", "no_article")
    assert "could not find an answer" in found.reply
    assert count_corpus().articles == 0


def test_one_article_is_found_and_nothing_else_is_answered_from_it() -> None:
    put(ArticleDraft("returns", "Return an item", "You can return an item within 30 days."))
    search = KnowledgeSearch(embedder=HashEmbedder)
    hits = search.search(SearchQuery("How do I return an item?")).articles
    assert [hit.external_id for hit in hits] == ["returns"]
    for question in ("Who painted the Mona Lisa?", "asdf qwer zxcv", "?", "and?"):
        assert judge(question).articles == ()


def test_the_same_article_many_times_over_does_not_break_the_weighing() -> None:
    body = "You can return an item within 30 days."
    put(*(ArticleDraft(f"copy{n}", "Return an item", body) for n in range(12)))
    found = judge("How do I return an item?", max_error=0.99)
    assert found.action in ("answer", "clarify", "escalate")
    assert found.confidence is None or 0 <= found.confidence <= 1


def test_articles_of_several_languages_live_side_by_side() -> None:
    put(
        ArticleDraft("en", "Return an item", "You can return it within 30 days."),
        ArticleDraft("de", "Artikel zurückgeben", "Sie können ihn zurücksenden.", language="de"),
        ArticleDraft("ja", "返品について", "商品は30日以内に返品できます。", language="ja"),
        ArticleDraft("ar", "إرجاع منتج", "يمكنك إرجاع المنتج خلال ثلاثين يوما.", language="ar"),
    )
    search = KnowledgeSearch(embedder=HashEmbedder)
    for question, code in (
        ("How do I return an item?", "en"),
        ("Wie kann ich einen Artikel zurückgeben?", "de"),
        ("إرجاع منتج", "ar"),
    ):
        hits = search.search(SearchQuery(question, language=code)).articles
        assert [hit.external_id for hit in hits] == [code]
    assert search.search(SearchQuery("返品について", language="ja")).articles
    german = judge("Wie kann ich den Artikel bei Ihnen zurückgeben?")
    assert german.reason != "language"  # there are articles in it
    french = judge("Comment est-ce que je peux retourner un article chez vous ?")
    assert (french.action, french.reason, french.language) == ("escalate", "language", "fr")


def test_an_article_of_two_megabytes_is_cut_into_passages_and_found() -> None:
    paragraphs = [
        f"## Part {n}\n\nThe machine number {n} word{n} needs a filter{n} every {n} days. "
        + "It is cleaned with water and a soft cloth until it shines again. " * 12
        for n in range(2_400)
    ]
    body = "\n\n".join(paragraphs)
    assert len(body.encode()) > 2_000_000
    put(ArticleDraft("manual", "The whole manual", body))
    passages = Passage.objects.filter(article__external_id="manual", kind="body")
    assert 2_000 < passages.count() < 20_000
    assert max(len(text) for text in passages.values_list("text", flat=True)) < 4_000
    hits = KnowledgeSearch(embedder=HashEmbedder).search(SearchQuery("filter1777 of word1777"))
    assert "1777" in hits.articles[0].passages[0].text


def test_an_article_beyond_the_limit_is_refused_in_words() -> None:
    row = {"id": "big", "title": "Too big", "body": "word " * (BODY_CHARS // 5 + 1)}
    with pytest.raises(BadRow, match=r"body.*4,?000,?000"):
        make_draft(row, source="big.jsonl:1")


def test_fifteen_times_the_articles_cost_no_query_more_and_little_memory() -> None:
    """A bound made for 100,000 articles, checked on a small sample; they were not measured."""
    put(*(many(n) for n in range(10)))
    search = KnowledgeSearch(embedder=HashEmbedder)
    search.warm_up()
    few = queries_of(search)
    service = KnowledgeService(embedder=HashEmbedder)
    service.save_articles(planned=[Planned(many(n)) for n in range(10, MANY)])
    service.finish_changes()
    tracemalloc.start()
    corpus = count_corpus()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert corpus.articles == MANY
    assert held / MANY < MOST_BYTES_OF_AN_ARTICLE
    assert len(pickle.dumps(corpus)) / MANY < MOST_BYTES_OF_AN_ARTICLE
    search.corpus.refresh()
    assert queries_of(search) == few


def many(number: int) -> ArticleDraft:
    return ArticleDraft(
        f"a{number}",
        f"How to use product {number}",
        f"Product {number} is used on day {number % 31} with part p{number}. " * 4,
    )


def queries_of(search: KnowledgeSearch) -> int:
    with CaptureQueriesContext(connection) as queries:
        search.search(SearchQuery("How do I use product 7 with part p7?"))
    return len(queries)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "cannot be read"),
        ("[]", "not a JSON object"),
        ('{"version": 99}', "version 99"),
        ('{"version": 1, "digest": "x"}', "does not match its digest"),
    ],
)
def test_a_wrong_calibration_is_refused_in_words_and_the_portal_goes_on(
    tmp_path: Path, content: str, says: str
) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(content)
    with pytest.raises(CalibrationError, match=says):
        load(path)
    calibration, problem = load_or_conservative(path)
    assert says in problem
    assert calibration == conservative()
    put(ArticleDraft("returns", "Return an item", "You can return an item within 30 days."))
    careful = SearchJudge(
        search=KnowledgeSearch(embedder=HashEmbedder), calibration=calibration, max_error=0.05
    )
    found = careful.judge(Memory("What about shipping to the moon?"), last=LastTurn())
    assert found.action == "escalate"
    json.dumps(found.trace)


def test_a_question_of_full_length_is_decided_in_time() -> None:
    put(*(many(n) for n in range(10)))
    search = KnowledgeSearch(embedder=HashEmbedder)
    search.search(SearchQuery("Is product 7 broken?"))  # reads the dictionary and the whole once
    began = time.process_time()
    search.search(
        SearchQuery("My product 7 with part p7 is broken and I wonder what to do. " * 110)
    )
    assert time.process_time() - began < 2


def test_who_waits_for_a_person_is_not_told_that_another_was_asked() -> None:
    """A second question without an answer goes to the request that waits."""
    put(ArticleDraft("returns", "Return an item", "You can return an item within 30 days."))
    asked = "Where is the moon base?"
    careful = SearchJudge(
        search=KnowledgeSearch(embedder=HashEmbedder), calibration=conservative(), max_error=0.05
    )
    first = careful.judge(Memory(asked), last=LastTurn())
    again = careful.judge(Memory(asked), last=LastTurn("escalate", "no_article", waiting=True))
    assert first.action == again.action == "escalate"
    assert "I have asked a colleague" in first.reply
    assert again.reply == replies.ADDED
