"""The admin's front page, and articles as their editor sees them."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from conversations.models import Article, ArticleRevision, ReviewItem
from conversations.services.attention import attention
from conversations.services.review_queue import ReviewQueueService
from tests.review.conftest import NOW, MakeTurn, make_user

pytestmark = pytest.mark.django_db


def test_the_front_page_says_what_waits_and_leads_there(
    client: Client, make_turn: MakeTurn, sam: User
) -> None:
    for number, why in enumerate(("flagged", "sample")):
        turn = make_turn(minutes=number)
        ReviewQueueService().add(turn_ids=[turn.pk], why=why, now=NOW)
    ReviewItem.objects.filter(why=["sample"]).update(snoozed_until=None)
    assert [(one.count, one.name) for one in attention(sam)] == [
        (2, "turns to review"),
        (1, "complaints and flags to review"),
        (0, "article drafts"),
        (0, "customers wait at the desk"),
    ]
    client.force_login(sam)
    html = client.get(reverse("admin:index")).content.decode()
    assert "Start judging" in html
    for one in attention(sam):
        assert client.get(one.address).status_code == 200
        assert one.address in html


def test_somebody_without_rights_is_told_whom_to_ask(client: Client) -> None:
    client.force_login(make_user("ann", "agent"))
    html = client.get(reverse("admin:index")).content.decode()
    assert "Ask an administrator for a role" in html
    assert "Start judging" not in html


def test_an_article_is_previewed_by_the_rules_of_its_page(
    admin_client: Client, returns: Article
) -> None:
    address = reverse("admin:conversations_article_preview")
    shown = admin_client.post(address, {"body": "# One\n**two** <script>alert(1)</script>"})
    html = shown.content.decode()
    assert "<strong>two</strong>" in html
    assert "<script" not in html
    page = admin_client.get(reverse("admin:conversations_article_change", args=[returns.pk]))
    assert "<p>You can return an item within 30 days." in page.content.decode()


def test_a_revision_is_read_as_customers_saw_it(admin_client: Client, returns: Article) -> None:
    revision = ArticleRevision.objects.get(article=returns)
    address = reverse("admin:conversations_articlerevision_change", args=[revision.pk])
    assert "<p>You can return an item" in admin_client.get(address).content.decode()
    assert admin_client.post(address, {"body": "x"}).status_code == 403


def test_articles_are_found_by_their_text_drafts_included(
    admin_client: Client, returns: Article
) -> None:
    Article.objects.create(
        external_id="d",
        slug="d",
        title="Kettles",
        body="About refunds.",
        digest="d",
        status="draft",
    )
    address = reverse("admin:conversations_article_changelist")

    def found(words: str) -> list[str]:
        rows = admin_client.get(address, {"q": words}).context["cl"].result_list
        return sorted(article.title for article in rows)

    assert found("refund") == ["Kettles", "Returns"]
    assert found("kettle") == ["Kettles"]
    assert found("zebra") == []
