"""What a verdict teaches an article: found again, taken back, kept apart from its text."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from conversations.dialogue.sameness import asked
from conversations.models import Article, CachedAnswer, LearntPhrasing, Passage
from conversations.retrieval.drafts import ArticleDraft
from conversations.retrieval.embedding import HashEmbedder
from conversations.retrieval.search import KnowledgeSearch
from conversations.retrieval.types import SearchQuery
from conversations.services.knowledge import KnowledgeService
from conversations.services.phrasings import MOST, PhrasingService
from conversations.services.review_verdicts import Judged, ReviewService
from tests.review.conftest import NOW, MakeTurn, make_user

pytestmark = pytest.mark.django_db

WORDS = "The jumper my aunt knitted is scratchy, may it go back?"


@pytest.fixture
def parcels(returns: Article) -> Article:
    text = "A jumper travels by post in a parcel. An aunt can track it."
    KnowledgeService().save_article(draft=ArticleDraft("parcels", "Parcels", text))
    return Article.objects.get(external_id="parcels")


def phrasings(article: Article) -> list[str]:
    return list(article.passages.filter(kind=Passage.Kind.ASKED_AS).values_list("plain", flat=True))


def first(question: str) -> str:
    KnowledgeService(embedder=HashEmbedder).renew()
    search = KnowledgeSearch(embedder=HashEmbedder)
    return search.search(SearchQuery(question)).articles[0].external_id


def test_the_article_that_a_reviewer_names_is_found_by_the_customers_words(
    make_turn: MakeTurn, returns: Article, parcels: Article, sam: User
) -> None:
    again = "my aunt knitted a scratchy jumper, may that go back?"
    assert first(again) == "parcels"
    turn = make_turn(WORDS, article=parcels)
    judged = Judged("wrong", right_article_id=returns.pk)
    ReviewService().judge(turn_id=turn.pk, reviewer_id=sam.pk, judged=judged, now=NOW)
    assert phrasings(returns) == [WORDS]
    assert first(again) == "returns"


def test_teaching_makes_no_revision_so_what_was_approved_stays(
    make_turn: MakeTurn, returns: Article, sam: User
) -> None:
    before = returns.revision, returns.asked_as
    turn = make_turn()
    ReviewService().judge(turn_id=turn.pk, reviewer_id=sam.pk, judged=Judged("right"), now=NOW)
    returns.refresh_from_db()
    assert (returns.revision, returns.asked_as) == before
    assert phrasings(returns) == ["How long can I return an item?"]
    assert CachedAnswer.objects.get().citations[0][2] == returns.revision


def test_an_undone_verdict_is_unlearnt_and_a_changed_one_teaches_the_other_article(
    make_turn: MakeTurn, returns: Article, parcels: Article, sam: User
) -> None:
    service, turn = ReviewService(), make_turn(WORDS)
    service.judge(turn_id=turn.pk, reviewer_id=sam.pk, judged=Judged("right"), now=NOW)
    other = Judged("wrong", right_article_id=parcels.pk)
    change = service.judge(turn_id=turn.pk, reviewer_id=sam.pk, judged=other, now=NOW)
    assert (phrasings(returns), phrasings(parcels)) == ([], [WORDS])
    service.undo(change_id=change.pk, reviewer_id=sam.pk, now=NOW)
    assert (phrasings(returns), phrasings(parcels)) == ([WORDS], [])
    nobody = Judged("should_escalate")
    service.judge(turn_id=turn.pk, reviewer_id=sam.pk, judged=nobody, now=NOW)
    assert not LearntPhrasing.objects.exists()


def test_what_was_learnt_survives_a_new_text_of_the_article(
    make_turn: MakeTurn, returns: Article, sam: User
) -> None:
    turn = make_turn()
    ReviewService().judge(turn_id=turn.pk, reviewer_id=sam.pk, judged=Judged("right"), now=NOW)
    KnowledgeService().save_article(draft=ArticleDraft("returns", "Returns", "Within 60 days now."))
    assert phrasings(returns) == ["How long can I return an item?"]
    KnowledgeService().archive(article_ids=[returns.pk])
    KnowledgeService().publish(article_ids=[returns.pk])
    assert phrasings(returns) == ["How long can I return an item?"]


@pytest.mark.parametrize(
    ("question", "history"),
    [
        ("My number is 0612 345678, when does it come?", False),
        ("Write to ada@example.com when it is back", False),
        ("and that one?", True),
        ("Returns", False),
        ("x" * 400, False),
    ],
)
def test_what_is_personal_leans_on_talk_or_is_known_is_not_learnt(
    returns: Article, question: str, history: bool
) -> None:
    assert not PhrasingService().learn(article_id=returns.pk, question=question, history=history)
    assert phrasings(returns) == []


def test_an_article_learns_only_so_many(returns: Article) -> None:
    LearntPhrasing.objects.bulk_create(
        [LearntPhrasing(article=returns, text=f"way number {n}") for n in range(MOST)]
    )
    one = "Could I hand a coat back in your shop?"
    assert not PhrasingService().learn(article_id=returns.pk, question=one, history=False)


def test_an_editor_takes_out_what_misleads(client: Client, returns: Article) -> None:
    assert asked(WORDS)
    assert PhrasingService().learn(article_id=returns.pk, question=WORDS, history=False)
    learnt = returns.learnt.get()
    client.force_login(make_user("root", "admin"))
    page = reverse("admin:conversations_article_change", args=[returns.pk])
    body = client.get(page).content.decode()
    assert "The jumper my aunt knitted" in body
    fields = {
        "title": returns.title, "body": returns.body, "status": "published", "language": "en",
        "learnt-TOTAL_FORMS": "1", "learnt-INITIAL_FORMS": "1", "learnt-0-id": str(learnt.pk),
        "learnt-0-article": str(returns.pk), "learnt-0-DELETE": "on",
        "revisions-TOTAL_FORMS": "0", "revisions-INITIAL_FORMS": "0",
    }  # fmt: skip
    assert client.post(page, fields).status_code == 302
    assert phrasings(returns) == []
    assert not LearntPhrasing.objects.exists()
