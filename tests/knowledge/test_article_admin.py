"""The admin edits articles by the rules of an import, and search follows."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from conversations import dispatch
from conversations.models import Article, Passage, Section
from conversations.retrieval.drafts import ArticleDraft
from conversations.services.knowledge import KnowledgeService

pytestmark = pytest.mark.django_db


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What would be sent to the broker."""
    sent: list[str] = []
    monkeypatch.setattr(
        "portal.celery.app.send_task", lambda task, **_: sent.append(task), raising=True
    )
    yield sent


@pytest.fixture
def article() -> Article:
    draft = ArticleDraft("returns", "Returns", "Send it back.", asked_as=("give back",))
    KnowledgeService().save_article(draft=draft)
    return Article.objects.get()


def form(**fields: Any) -> dict[str, Any]:
    return {
        "title": "Returns", "body": "Send it back.", "asked_as": "give back", "section": "",
        "url": "", "status": "published", "language": "en", "audience": "", "product": "",
        "external_id": "",
        "revisions-TOTAL_FORMS": 0, "revisions-INITIAL_FORMS": 0,
        "learnt-TOTAL_FORMS": 0, "learnt-INITIAL_FORMS": 0,
    } | fields  # fmt: skip


def test_a_new_article_gets_id_slug_passages_and_author(
    admin_client: Client, admin_user: Any
) -> None:
    section = Section.objects.create(slug="orders", title="Orders")
    address = reverse("admin:conversations_article_add")
    shown = admin_client.post(address, form(section=section.pk, asked_as="give back\n\nreturn"))
    assert shown.status_code == 302, shown.context["adminform"].form.errors
    article = Article.objects.get()
    assert (article.external_id, article.slug, article.section) == ("returns", "returns", section)
    assert article.asked_as == ["give back", "return"]
    assert article.revisions.get().author == admin_user
    assert article.passages.count() == 4


def test_a_change_of_text_is_a_revision_and_wakes_a_worker(
    admin_client: Client,
    article: Article,
    rung: list[str],
    django_capture_on_commit_callbacks: Any,
) -> None:
    address = reverse("admin:conversations_article_change", args=[article.pk])
    with django_capture_on_commit_callbacks(execute=True):
        assert admin_client.post(address, form(body="By post.")).status_code == 302
    dispatch._publishers.submit(lambda: None).result()
    article.refresh_from_db()
    assert (article.revision, article.body) == (2, "By post.")
    assert Passage.objects.filter(kind="body").get().text == "By post."


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_what_is_not_published_has_no_passages(
    admin_client: Client, article: Article, status: str
) -> None:
    address = reverse("admin:conversations_article_change", args=[article.pk])
    assert admin_client.post(address, form(status=status)).status_code == 302
    article.refresh_from_db()
    assert (article.status, article.passages.count(), article.revision) == (status, 0, 1)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"body": " "}, "required"),
        ({"asked_as": "x" * 301}, "301 characters"),
        ({"url": "javascript:alert(1)"}, "must begin with"),
        ({"external_id": "returns"}, "choose a different one"),
    ],
)
def test_a_mistake_is_shown_in_the_form(
    admin_client: Client, article: Article, fields: dict[str, str], problem: str
) -> None:
    shown = admin_client.post(reverse("admin:conversations_article_add"), form(**fields))
    assert shown.status_code == 200
    assert problem in str(shown.context["adminform"].form.errors)
    assert Article.objects.count() == 1


def test_actions_archive_and_publish(admin_client: Client, article: Article) -> None:
    address = reverse("admin:conversations_article_changelist")
    for action, passages in (("archive", 0), ("publish", 3)):
        data = {"action": action, "_selected_action": [article.pk]}
        assert admin_client.post(address, data).status_code == 302
        assert article.passages.count() == passages


def test_articles_cannot_be_deleted(admin_client: Client, article: Article) -> None:
    address = reverse("admin:conversations_article_delete", args=[article.pk])
    assert admin_client.post(address, {"post": "yes"}).status_code == 403


def test_the_list_does_not_add_queries_per_article(
    admin_client: Client, article: Article, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        KnowledgeService().save_article(draft=ArticleDraft(f"x{number}", "X", "Text."))
    with django_assert_max_num_queries(14):
        admin_client.get(reverse("admin:conversations_article_changelist"))
    admin_client.get(reverse("admin:conversations_article_change", args=[article.pk]))
    admin_client.get(reverse("admin:conversations_section_changelist"))


@pytest.mark.parametrize(
    ("chosen", "shown"), [("none", "A"), ("few", "B"), ("many", "C"), ("", "CBA")]
)
def test_articles_that_lack_phrasings_are_found(
    admin_client: Client, chosen: str, shown: str
) -> None:
    for title, count in (("A", 0), ("C", 16), ("B", 1)):
        asked = tuple(f"{title} {number}" for number in range(count))
        KnowledgeService().save_article(draft=ArticleDraft(title, title, "Text.", asked_as=asked))
    address = reverse("admin:conversations_article_changelist")
    query = {"o": "-5"} | ({"phrasings": chosen} if chosen else {})
    listed = admin_client.get(address, query).context["cl"].result_list
    assert "".join(article.title for article in listed) == shown
