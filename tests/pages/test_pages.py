"""The customers' pages: what they show, what they refuse, and how strict they are."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from conversations.models import Article, Section

pytestmark = pytest.mark.django_db

ROOT = Path(settings.BASE_DIR)


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> None:
    cache.clear()


def make_article(title: str, section: Section | None = None, **fields: str) -> Article:
    slug = title.lower().replace(" ", "-")
    defaults = {"body": f"All about {title.lower()}.", "digest": "", "external_id": slug}
    return Article.objects.create(title=title, slug=slug, section=section, **{**defaults, **fields})


@pytest.fixture
def shelf() -> Section:
    section = Section.objects.create(slug="returns", title="Returns", description="Sending back.")
    make_article("Return an item", section)
    make_article("When the money arrives", section, body="## Banks\n\nWithin **5** days.")
    make_article("A draft", section, status="draft")
    return section


def chat_config(client: Client) -> dict[str, object]:
    html = client.get("/").content.decode()
    found = re.search(r'<script id="chat-config" type="application/json">(.*?)</script>', html)
    assert found
    config: dict[str, object] = json.loads(found.group(1))
    return config


def test_the_chat_page_opens_on_an_empty_help_centre(client: Client) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert "An automated assistant answers here" in response.content.decode()


def test_the_chat_page_offers_questions_from_the_articles(client: Client, shelf: Section) -> None:
    assert 'data-suggestion="Return an item"' in client.get("/").content.decode()


def test_a_question_is_offered_as_people_ask_it(client: Client, shelf: Section) -> None:
    make_article("Refund rules", shelf, body="See [this](/help/asked/) and [that](/help/asked/).")
    asked = make_article("Asked", shelf)
    asked.asked_as = ["Refund time", "When do I get my money back?"]
    asked.save()
    html = client.get("/").content.decode()
    assert 'data-suggestion="When do I get my money back?"' in html


def test_the_script_finds_every_sentence_that_it_says(client: Client) -> None:
    strings = chat_config(client)["strings"]
    assert isinstance(strings, dict)
    scripts = "".join(path.read_text() for path in (ROOT / "static/js/chat").glob("*.js"))
    used = set(re.findall(r"\bstrings\.(\w+)", scripts))
    assert used <= strings.keys()
    stages_and_states = {"searching", "writing", "connecting", "online", "offline"}
    assert strings.keys() - used <= stages_and_states


def test_the_help_centre_lists_published_articles_by_section(
    client: Client, shelf: Section
) -> None:
    make_article("On no shelf")
    html = client.get("/help/").content.decode()
    assert "Return an item" in html and "On no shelf" in html
    assert "A draft" not in html


def test_the_index_does_not_add_queries_with_articles(
    client: Client, shelf: Section, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(3):
        client.get("/help/")
    for number in range(20):
        make_article(f"Article {number}", shelf)
    with django_assert_num_queries(3):
        client.get("/help/")


def test_an_article_is_rendered_with_its_place_and_its_neighbours(
    client: Client, shelf: Section
) -> None:
    html = client.get("/help/when-the-money-arrives/").content.decode()
    assert '<h2 id="banks">Banks</h2>' in html
    assert "Within <strong>5</strong> days." in html
    assert '<link rel="canonical" href="http://testserver/help/when-the-money-arrives/">' in html
    assert '<meta name="description" content="Banks Within 5 days.">' in html
    assert 'href="/help/sections/returns/"' in html
    assert 'href="/help/return-an-item/"' in html


@pytest.mark.parametrize("path", ["/help/a-draft/", "/help/nothing/", "/help/sections/no/", "/no/"])
def test_what_is_not_there_is_a_page_with_a_way_out(
    client: Client, shelf: Section, path: str
) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert 'href="/help/"' in response.content.decode()


def test_search_without_words_asks_for_some(client: Client) -> None:
    assert "Type a word or two" in client.get("/help/search/?q=%20").content.decode()


def test_search_without_results_says_what_to_do_and_escapes_the_words(client: Client) -> None:
    html = client.get("/help/search/", {"q": "<b>zebra</b>\x00" + "x" * 5000}).content.decode()
    assert "&lt;b&gt;zebra&lt;/b&gt;" in html
    assert 'href="/?q=%3Cb%3Ezebra' in html


@pytest.mark.parametrize("path", ["/", "/help/", "/help/search/?q=x", "/admin/login/", "/no/"])
def test_every_page_is_under_the_strict_policy(client: Client, path: str) -> None:
    policy = client.get(path).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "object-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "path", ["/", "/help/", "/help/return-an-item/", "/help/search/?q=x", "/no/"]
)
def test_no_page_holds_inline_script_or_style(client: Client, shelf: Section, path: str) -> None:
    html = client.get(path).content.decode()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html)
    scripts = re.findall(r"<script\b([^>]*)>", html)
    assert all("src=" in script or "application/json" in script for script in scripts)


@pytest.mark.parametrize("path", ["/", "/help/", "/help/search/"])
def test_pages_are_read_only(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
