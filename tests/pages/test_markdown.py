"""Whatever somebody writes, only an allow-list of harmless tags comes out."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.markdown import is_safe_link, render_article, render_message

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    "![x](https://evil.example/?secret)",
    "![x][1]\n\n[1]: https://evil.example/p.png",
    "[x](//evil.example)",
    "[x](/\\evil.example)",
    "[x](https:evil)",
    '<a href="https://a" onclick="alert(1)">x</a>',
    '[x](https://a "\\" onmouseover=alert(1) x=\\"")',
    "<svg/onload=alert(1)>",
    "<iframe src=https://evil.example></iframe>",
    "<style>body{display:none}</style>",
    "`<script>alert(1)</script>`",
    "```html\n<script>alert(1)</script>\n```",
    "| a |\n|---|\n| <b onclick=x>y</b> |",
]
TAGS = {
    "a", "b", "blockquote", "br", "code", "del", "div", "em", "hr", "i", "li", "ol", "p", "pre",
    "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"href", "rel", "title", "start", "class", "tabindex"}


class Inspector(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_out_harmless(text: str) -> None:
    seen = Inspector(render_message(text))
    assert seen.tags <= TAGS
    assert seen.attributes <= ATTRIBUTES
    assert all(is_safe_link(link) for link in seen.links)


@given(st.text(alphabet="<>&\"'()[]!*_`#|-\n\\/:;= abjsx1\u202e\x00", max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_text_at_all_gets_past_the_list(text: str) -> None:
    for html in (render_message(text), render_article(text)):
        seen = Inspector(html)
        assert seen.tags <= TAGS | {"h1", "h2", "h3", "h4", "h5", "h6"}
        assert seen.attributes <= ATTRIBUTES | {"id"}
        assert all(is_safe_link(link) for link in seen.links)


def test_links_say_that_they_are_not_ours() -> None:
    assert 'rel="noopener noreferrer nofollow ugc"' in render_message("[x](https://a.example)")


def test_a_message_keeps_its_line_breaks_and_has_no_headings() -> None:
    assert render_message("# One\ntwo\nthree").strip() == (
        "<p><strong>One</strong></p>\n<p>two<br>\nthree</p>"
    )


def test_a_picture_in_a_message_leaves_its_description() -> None:
    assert render_message("![a map](https://a.example/map.png)").strip() == "<p>a map</p>"


def test_articles_show_pictures_of_named_hosts_and_of_this_site_only() -> None:
    text = (
        "![one](https://cdn.example/1.png) ![two](https://other.example/2.png) "
        "![three](/media/3.png) ![four](http://cdn.example/4.png) ![five](//cdn.example/5.png)"
    )
    html = render_article(text, image_hosts=["cdn.example"])
    assert Inspector(html).links == ["https://cdn.example/1.png", "/media/3.png"]
    assert "two" in html and "four" in html and "five" in html


def test_headings_of_an_article_get_ids_and_stand_below_the_title() -> None:
    html = render_article("# Returns\n\n## Europe and *Africa*\n\n## Europe and Africa")
    assert '<h2 id="returns">' in html
    assert '<h3 id="europe-and-africa">' in html
    assert '<h3 id="europe-and-africa-2">' in html


def test_tables_get_a_box_that_scrolls_and_takes_the_keyboard() -> None:
    html = render_article("| a | b |\n|---|---|\n| 1 | 2 |")
    assert html.startswith('<div class="table-scroll" tabindex="0">')


@pytest.mark.parametrize(
    "text", ["[" * 20_000, "*" * 20_000, "> " * 9_000, "`a" * 10_000, "![" * 9_000]
)
def test_pathological_text_costs_no_more_than_a_moment(text: str) -> None:
    started = time.monotonic()
    render_message(text)
    assert time.monotonic() - started < 2
